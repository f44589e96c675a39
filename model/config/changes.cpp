// changes.cpp: meanings of changed keys, by the first prefix in a table that fits.
#include "model/config/changes.h"

#include <string_view>
#include <utility>

#include "kernels/error.h"
#include "model/config/config_keys.h"
#include "model/config/format.h"
#include "model/config/schedule.h"

namespace pg {
namespace {

// Prefixes of keys; the first that fits counts.
constexpr std::pair<std::string_view, std::string_view> kMeanings[] = {
    {"checkpoint.", "the numbers stay, other files are kept"},
    {"guard.", "only what happens when training diverges changes"},
    {"train.threads", "the same numbers, computed faster or slower"},
    {"train.memory_limit", "minibatches may be computed in other parts, equal within rounding"},
    {"train.out", "the run stays in its folder"},
    {"train.name", "the run stays in its folder"},
    {"train.preset", "a name only; the settings that it stands for stay as they were"},
    {"train.image_grid", "pictures from here on show another number of images"},
    {"train.seed", "all random numbers from here on are others, data order and pictures too"},
    {"train.", "numbers are rounded differently from here on"},
    {"data.cache_folder", "the same images from another place"},
    {"data.images", "epochs have another length from here on"},
    {"data.", "other images from here on, at the same place in their order"},
    {"schedule.total_kimg", "only the end of the run moves"},
    {"schedule.micro_batch", "the same gradients within rounding, in other memory"},
    {"schedule.", "the schedule is another one, past images included"},
    {"optimizer.", "the next steps are taken differently; moments and weights stay"},
    {"loss.", "the networks learn toward another loss from here on"},
    {"model.", "the networks compute something else with the weights learned so far"},
};

std::string_view meaning_of(std::string_view key) {
  for (const auto& [prefix, meaning] : kMeanings) {
    if (key.starts_with(prefix)) return meaning;
  }
  return "training goes on with it";
}

std::string shown_point(const SchedulePoint& p) {
  return message(stage_name(p.fade), " with minibatch ", p.minibatch);
}

}  // namespace

std::vector<std::string> describe_changes(const Config& before, const Config& after,
                                          int64_t images_shown) {
  std::vector<std::string> changes;
  for (const Key& key : keys()) {
    const std::string was = to_text(key.get(before)), is = to_text(key.get(after));
    if (was == is) continue;
    changes.push_back(message(key.path, " was ", was, " and is ", is, ": ", meaning_of(key.path)));
  }
  const std::string was = shown_point(schedule_at(before, images_shown));
  const std::string is = shown_point(schedule_at(after, images_shown));
  if (was != is) {
    changes.push_back(message("at ", format_fixed(kimg_of(images_shown), 1),
                              " kimg the run was at ", was, " and is now at ", is));
  }
  return changes;
}

}  // namespace pg
