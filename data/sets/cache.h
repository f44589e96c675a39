// cache.h: datasets built once from raw images and found again.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "data/sets/build.h"
#include "data/sets/dataset.h"

namespace pg {

struct OpenOptions {
  // `strict`, `threads` and `progress` serve a build only; `existing` is ignored.
  BuildOptions build = {};
  // Where built datasets are kept; empty: $XDG_CACHE_HOME/progan_cuda or ~/.cache/progan_cuda.
  std::filesystem::path cache_folder = {};
  // Told when a dataset has been built (not when one was found).
  std::function<void(const BuildReport&)> built = {};
};

// The dataset of `where`: a built dataset folder as it is, or anything open_source takes, built
// into the cache under a name made of the absolute path and the options. A cached one is used while
// the fingerprint of the source (file names, sizes, modification times) is the same and its files
// are sound by shape and length; else it is built again. Processes that want the same one wait for
// each other. Throws as open_source, build_dataset and Dataset; UsageError when a built folder is
// smaller than the resolution asked for or has other channels; IoError naming data.cache_folder
// when the cache cannot be written.
Dataset open_or_build(const std::string& where, const OpenOptions& options);

// The dataset that open_or_build would find, without building one; changes nothing.
std::optional<Dataset> find_built(const std::string& where, const OpenOptions& options);

// The cache folder of the options. Throws UsageError naming data.cache_folder when there is neither
// XDG_CACHE_HOME nor HOME.
std::filesystem::path cache_root(const OpenOptions& options);

}  // namespace pg
