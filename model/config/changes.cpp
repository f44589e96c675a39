// changes.cpp: the effects of changed keys, in a table by prefix.
#include "model/config/changes.h"

#include <string_view>
#include <utility>

#include "data/sets/identity.h"
#include "kernels/error.h"
#include "model/config/config_keys.h"
#include "model/config/format.h"
#include "model/config/schedule.h"

namespace pg {
namespace {

// The first prefix that matches counts.
constexpr std::pair<std::string_view, std::string_view> kMeanings[] = {
    {"checkpoint.", "same training, other files are kept"},
    {"guard.", "changes only the reaction to divergence"},
    {"train.threads", "same results, faster or slower"},
    {"train.selftest", "changes only whether a new GPU is checked"},
    {"train.left_out",
     "other kernels compute the same; results are rounded differently from here on"},
    {"train.memory_limit", "minibatches may be split differently; results differ only by rounding"},
    {"train.out", "no effect: the run stays in its folder"},
    {"train.name", "no effect: the run stays in its folder"},
    {"train.preset", "changes only the name; the settings of the run stay"},
    {"train.image_grid", "sample grids show another number of images from here on"},
    {"train.seed",
     "all random numbers differ from here on, including data order and sample images"},
    {"train.", "results are rounded differently from here on"},
    {"data.cache_folder", "same images, read from another folder"},
    {"data.memory_limit", "same images, decoded in more or less memory"},
    {"data.fingerprint",
     "these are not the images or classes that the run was trained on; different images from here "
     "on"},
    {"data.images", "epochs have a different length from here on"},
    {"data.", "different images from here on, at the same position in their order"},
    {"schedule.total_kimg", "changes only the end of the run"},
    {"schedule.micro_batch", "same gradients except for rounding, different memory use"},
    {"schedule.", "a different schedule, counted from the first image of the run"},
    {"optimizer.", "the next updates are computed differently; moments and weights stay"},
    {"loss.", "a different loss from here on"},
    {"model.", "the networks compute a different function of the weights learned so far"},
};

std::string_view meaning_of(std::string_view key) {
  for (const auto& [prefix, meaning] : kMeanings) {
    if (key.starts_with(prefix)) return meaning;
  }
  return "applies from here on";
}

// Runs of older programs have no record of their data; the same images may have another hash.
bool worth_telling(const Key& key, const Config& before, const Config& after) {
  // train compares classes, and finds the images.
  if (key.path == "data.classes" || key.path == "data.full_path") return false;
  const bool known = !before.data.fingerprint.empty();
  const bool same = known && is_same_data(before.data.fingerprint, after.data.fingerprint);
  if (key.path == "data.path") return !same;  // the same images in another place
  if (key.path != "data.fingerprint") return true;
  return known && !same;
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
    if (was == is || !worth_telling(key, before, after)) continue;
    changes.push_back(message(key.path, " was ", was, " and is ", is, ": ", meaning_of(key.path)));
  }
  const std::string was = shown_point(schedule_at(before, images_shown));
  const std::string is = shown_point(schedule_at(after, images_shown));
  if (was != is) {
    changes.push_back(message("at ", format_fixed(kimg_of(images_shown), 1),
                              " kimg the schedule was at ", was, " and is now at ", is));
  }
  return changes;
}

}  // namespace pg
