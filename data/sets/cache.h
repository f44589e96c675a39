// cache.h: data sets built once from raw images and reused.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "data/sets/build.h"
#include "data/sets/dataset.h"

namespace pg {

struct OpenOptions {
  // `strict`, `threads` and `progress` only matter for a build; `existing` is ignored.
  BuildOptions build = {};
  // The folder of built data sets; empty: $XDG_CACHE_HOME/progan_cuda or ~/.cache/progan_cuda.
  std::filesystem::path cache_folder = {};
  // Called with the source of raw images, before a data set is looked for or built.
  std::function<void(const ImageSource&)> opened = {};
  // Called once before waiting for another process that builds the same data set.
  std::function<void()> waiting = {};
  // Called when a data set has been built (not when one was found).
  std::function<void(const BuildReport&)> built = {};
  // Called for every data set that is about to be used; throws FormatError if it is damaged. A
  // cached one is then built again, after a call of `damaged` with the sentence of the error.
  std::function<void(const Dataset&)> verify = {};
  std::function<void(const std::string&)> damaged = {};
};

// The data set of `where`: a built data set folder, or anything open_source accepts, built into the
// cache under a name derived from the absolute path and the options. A cached one is reused if the
// fingerprint of the source is unchanged, its files have the right shapes and lengths and `verify`
// accepts it, and so is one of more levels from which the requested levels are the same bits
// (Manifest::halves); otherwise it is built again, and once more if images change during the build.
// Processes that need the same one wait for each other. Throws as open_source, build_dataset and
// Dataset; UsageError if a built folder is
// smaller than the requested resolution or has other channels; IoError naming data.cache_folder if
// the cache cannot be written.
Dataset open_or_build(const std::string& where, const OpenOptions& options);

// The next open_or_build builds a cached data set again, in which damage was found too late.
void forget_cached(const Dataset& dataset);

// The data set that open_or_build would find, without building or verifying one; changes nothing.
std::optional<Dataset> find_built(const std::string& where, const OpenOptions& options);

// The cache folder of the options. Throws UsageError naming data.cache_folder if neither
// XDG_CACHE_HOME nor HOME is set.
std::filesystem::path cache_root(const OpenOptions& options);

}  // namespace pg
