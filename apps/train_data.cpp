// train_data.cpp: what is verified when, and messages about it.
#include "apps/train_data.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>

#include "apps/build_messages.h"
#include "apps/print.h"
#include "apps/run_options.h"
#include "apps/slow_note.h"
#include "data/files/shown.h"
#include "data/images/resolutions.h"
#include "data/sets/identity.h"
#include "kernels/error.h"
#include "model/config/bytes.h"
#include "model/config/schedule.h"
#include "model/run/resume_point.h"

namespace pg::apps {
namespace {

constexpr size_t kListed = 1000;  // characters of a list of classes in a message

DataShape shape_of(const Dataset& dataset) {
  return {.resolution = dataset.max_resolution(),
          .channels = dataset.channels(),
          .images = dataset.count(),
          .labels = dataset.label_count()};
}

// The levels in the order of need: those of the stages to come, then the final one, which
// reals.png shows, then earlier ones, to which a run may roll back.
std::vector<int64_t> levels_by_need(const Config& config, int64_t first_image) {
  std::vector<int64_t> levels;
  const auto add = [&](int64_t resolution) {
    if (std::find(levels.begin(), levels.end(), resolution) == levels.end()) {
      levels.push_back(resolution);
    }
  };
  for (const Stage& stage : stages(config)) {
    if (stage.end > first_image) add(stage.resolution);
  }
  add(config.model.resolution);
  for (const Stage& stage : stages(config)) add(stage.resolution);
  return levels;
}

// Before the configuration is resolved, and with the same errors.
void verify_first_levels(Config config, const Dataset& dataset, int64_t first_image) {
  resolve(config, shape_of(dataset));
  dataset.verify_labels();
  const NeededLevels needed = split_levels(dataset, levels_by_need(config, first_image));
  for (const int64_t level : needed.now) dataset.verify_level(level);
}

std::string sorted_by_text(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return class_list(names);
}

// Class numbers as the networks have learned them, by the names in data.classes. If it was emptied
// with --set, the order of the data set is accepted.
void order_like_run(const Config& config, const Config& before, Dataset& dataset) {
  const std::vector<std::string>& names = dataset.manifest().label_names;
  if (label_count(before) == 0) return;
  const std::string &was = config.data.classes, is = class_list(names);
  const std::string has = names.empty() ? "no classes" : shown(is, kListed);
  if (!was.empty()) {
    PG_CHECK(is == was || dataset.order_classes(split_class_list(was)), UsageError,
             "the run was trained on the classes ", shown(was, kListed), ", but ", config.data.path,
             " has ", has,
             ": their numbers would change their meaning; restore the names, or accept the new "
             "ones in this order with --set data.classes=");
    return;
  }
  const bool unknown = before.data.classes.empty() && !before.data.path.empty();
  PG_CHECK(!unknown || is == sorted_by_text(names), UsageError,
           "the program that wrote this checkpoint did not record the order of its classes; give "
           "it with --set data.classes=: usually ",
           shown(sorted_by_text(names), kListed), " if folders are classes, else ",
           shown(is, kListed));
}

// The classes that a run uses, or those that lie unused.
void tell_classes(const Config& config, const Dataset& dataset, int64_t first_image) {
  const std::string classes = classes_text(dataset);
  if (classes.empty() || config.data.path.starts_with("builtin:")) return;
  if (config.model.conditioning != Conditioning::none) {
    note("{}\n", classes);
  } else if (first_image == 0) {
    note("the images have {}; this run does not use them (--set model.conditioning=acgan does)\n",
         classes);
  }
}

}  // namespace

std::string full_path_of(const std::string& data_path) {
  if (data_path.empty() || data_path.starts_with("builtin:")) return "";
  return std::filesystem::absolute(data_path).lexically_normal().string();
}

void set_full_path(DataConfig& data) {
  std::error_code error;
  const bool moved = data.full_path.ends_with("/" + data.path) &&
                     !std::filesystem::exists(data.path, error) &&
                     std::filesystem::exists(data.full_path, error);
  if (!moved) data.full_path = full_path_of(data.path);
}

std::string data_place(const DataConfig& data) {
  std::error_code error;
  const bool elsewhere = !data.full_path.empty() && !std::filesystem::exists(data.path, error);
  return elsewhere ? data.full_path : data.path;
}

namespace {

// Runs are meant to be resumed: their sample images are not data.
void reject_runs(const std::string& place) {
  std::error_code error;
  if (!std::filesystem::is_directory(place, error)) return;
  const std::string name = shown(place);
  PG_CHECK(!is_run_folder(place), UsageError, "'", name,
           "' is a run, not a folder of images; to resume it: --resume ", name);
  bool runs = false, others = false;
  for (const auto& entry : std::filesystem::directory_iterator(place, error)) {
    if (entry.path().filename().string().starts_with('.')) continue;
    const bool run = entry.is_directory(error) && is_run_folder(entry.path());
    (run ? runs : others) = true;
    if (others) return;
  }
  PG_CHECK(!runs, UsageError, "'", name,
           "' holds runs, not images; to resume the newest one: train --resume --out ", name);
}

}  // namespace

void require_data(const Config& config) {
  PG_CHECK(!config.data.path.empty(), UsageError,
           "no data; give a folder of images with --data (or try --data builtin:shapes)");
  reject_runs(data_place(config.data));
}

Dataset open_training_data(const Config& config, const Config* before, int64_t first_image) {
  require_data(config);
  OpenOptions options = data_options(config);
  std::optional<SlowNote> slow(std::in_place, looking_for_images(data_place(config.data)));
  options.build.progress = build_progress("Reading images");
  options.built = [](const BuildReport& report) {
    print_skipped(report.manifest);
    print_advice(report.advice);
    note("the images are kept in {} for the next run (progan_cuda cache list)\n", report.folder);
  };
  options.waiting = [&] {
    slow.reset();
    note("waiting for another process that reads the same images\n");
  };
  options.verify = [&](const Dataset& dataset) {
    slow.reset();
    verify_first_levels(config, dataset, first_image);
  };
  options.damaged = [](const std::string& reason) { note("warning: {}\n", reason); };
  options.opened = [&](const ImageSource& source) {
    slow.reset();
    print_notes(source);
  };
  Dataset dataset = open_or_build(data_place(config.data), options);
  slow.reset();
  if (before != nullptr) {
    order_like_run(config, *before, dataset);
  } else {  // the configuration of a former run repeats that run
    dataset.order_classes(split_class_list(config.data.classes));
  }
  tell_classes(config, dataset, first_image);
  return dataset;
}

void record_data(Config& config, const Dataset& dataset) {
  const int64_t classes = label_count(config);
  PG_CHECK(classes == 0 || dataset.label_count() <= classes, UsageError,
           "model.label_size: expected at least ", dataset.label_count(), ", the classes of ",
           config.data.path, ", got ", classes);
  if (classes > dataset.label_count()) {
    note(
        "warning: model.label_size is {}, but the images have only {} classes; the others are "
        "never trained\n",
        classes, dataset.label_count());
  }
  config.data.classes = classes > 0 ? class_list(dataset.manifest().label_names) : "";
  config.data.fingerprint = data_identity(dataset, config.model.resolution);
}

std::unique_ptr<BackgroundVerification> verify_in_background(const Dataset& dataset,
                                                             const Config& config,
                                                             int64_t first_image,
                                                             spdlog::logger& log) {
  std::vector<int64_t> left = split_levels(dataset, levels_by_need(config, first_image)).later;
  if (left.empty()) return nullptr;
  int64_t bytes = 0;
  for (const int64_t level : left) bytes += dataset.level_bytes(level);
  log.info("verifying the checksums of {} of images while training", format_bytes(bytes));
  return std::make_unique<BackgroundVerification>(dataset, std::move(left),
                                                  [&](const std::string&) {
                                                    if (dataset.origin() == Origin::cached)
                                                      forget_cached(dataset);
                                                  });
}

}  // namespace pg::apps
