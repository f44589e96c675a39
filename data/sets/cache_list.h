// cache_list.h: the data sets in a cache, and their removal.
//
//   CACHE/0123456789abcdef/       a data set
//   CACHE/0123456789abcdef.lock   locked while it is looked for or built; its time: the last use
//   CACHE/0123456789abcdef.use    locked, shared, by each program that reads the set
#pragma once

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/files/file_handle.h"
#include "data/sets/manifest.h"

namespace pg {

struct CachedSet {
  std::filesystem::path folder;
  int64_t bytes = 0;
  std::time_t last_use = 0;
  std::optional<Manifest> manifest;  // none: unfinished or damaged
};

// The sets of a cache, most recently used last. A folder counts if its name is one of the cache and
// it holds nothing but files of a data set. Throws nothing: an unreadable cache is an empty one.
std::vector<CachedSet> cached_sets(const std::filesystem::path& root);

enum class Cleared { yes, in_use, failed };

// Removes the files of a set one by one, if no other program uses or builds it.
Cleared clear_cached(const CachedSet& set);

// A shared lock on a cached set, for as long as its images are read. Without locks: nothing.
std::shared_ptr<FileHandle> mark_in_use(const std::filesystem::path& folder);

}  // namespace pg
