// train_data.h: the data set of a run: opened, verified, compared with the one it started with.
#pragma once

#include <memory>

#include "data/sets/dataset.h"
#include "data/sets/verification.h"
#include "model/config/config.h"

namespace spdlog {
class logger;
}

namespace pg::apps {

// Throws UsageError without data.path.
void require_data(const Config& config);

// The absolute path of a value of data.path; empty if it is none.
std::string full_path_of(const std::string& data_path);

// Sets data.full_path of a new run. One from the configuration of a former run stays if data.path
// exists only there.
void set_full_path(DataConfig& data);

// The place of the images of a run: data.path as given if it exists, else data.full_path if known.
std::string data_place(const DataConfig& data);

// Opens data.path and verifies as many of the levels that a run needs from `first_image` on as take
// about a second. `before`: the configuration at the checkpoint of a resumed run, else null; its
// classes keep their numbers, in whatever order the data set has them. Throws as open_or_build;
// UsageError without data.path, and if the classes have other names or the run does not say which.
Dataset open_training_data(const Config& config, const Config* before, int64_t first_image);

// Records the data set in `config`, which must be resolved for it. Throws UsageError if it has more
// classes than the networks.
void record_data(Config& config, const Dataset& dataset);

// Verifies the other levels while the run trains; null if there are none. Damage ends the run.
std::unique_ptr<BackgroundVerification> verify_in_background(const Dataset& dataset,
                                                             const Config& config,
                                                             int64_t first_image,
                                                             spdlog::logger& log);

}  // namespace pg::apps
