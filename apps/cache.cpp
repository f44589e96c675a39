// cache.cpp: lists and clears the cache of data sets built from images.
#include "data/sets/cache.h"

#include <algorithm>
#include <ctime>

#include "apps/commands.h"
#include "apps/print.h"
#include "data/sets/cache_list.h"
#include "kernels/error.h"
#include "model/config/bytes.h"

namespace pg::apps {
namespace {

struct CacheOptions {
  std::string folder;
  std::vector<std::string> names;
};

std::filesystem::path root_of(const CacheOptions& o) {
  OpenOptions options;
  options.cache_folder = o.folder;
  return cache_root(options);
}

std::string time_text(std::time_t time) {
  char text[32] = "";
  std::tm local = {};
  if (::localtime_r(&time, &local) != nullptr) {
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &local);
  }
  return text;
}

std::string content_of(const CachedSet& set) {
  if (!set.manifest) return "unfinished or damaged";
  const Manifest& m = *set.manifest;
  return message(counted(m.count, "image"), " of ", m.resolution, 'x', m.resolution, 'x',
                 m.channels, " from ", m.source);
}

void list(const CacheOptions& o) {
  const std::filesystem::path root = root_of(o);
  const std::vector<CachedSet> sets = cached_sets(root);
  print("cache       {}\n", root);
  int64_t bytes = 0;
  for (const CachedSet& set : sets) {
    print("{}  {:>9}  last used {}  {}\n", set.folder.filename(), format_bytes(set.bytes),
          time_text(set.last_use), content_of(set));
    bytes += set.bytes;
  }
  print("data sets   {}, {}\n", sets.size(), format_bytes(bytes));
}

void clear(const CacheOptions& o) {
  const std::filesystem::path root = root_of(o);
  const std::vector<CachedSet> sets = cached_sets(root);
  const auto has_name = [](const CachedSet& set, const std::string& name) {
    return set.folder.filename() == name;
  };
  for (const std::string& name : o.names) {
    const bool known = std::any_of(sets.begin(), sets.end(),
                                   [&](const CachedSet& set) { return has_name(set, name); });
    PG_CHECK(known, UsageError, "no data set '", name, "' in the cache ", root.string(),
             "; list them with progan_cuda cache list");
  }
  int64_t bytes = 0, removed = 0;
  for (const CachedSet& set : sets) {
    const bool chosen = o.names.empty() ||
                        std::any_of(o.names.begin(), o.names.end(),
                                    [&](const std::string& name) { return has_name(set, name); });
    if (!chosen) continue;
    const Cleared cleared = clear_cached(set);
    if (cleared == Cleared::yes) {
      bytes += set.bytes;
      ++removed;
    } else {
      note("kept {}: {}\n", set.folder,
           cleared == Cleared::in_use ? "another program uses it" : "it could not be removed");
    }
  }
  print("removed {} data sets, {}, from {}\n", removed, format_bytes(bytes), root);
}

}  // namespace

void add_cache(Command& app) {
  Command* cmd =
      app.add_subcommand("cache", "List or clear the data sets that train built from images");
  cmd->require_subcommand(1);
  auto o = std::make_shared<CacheOptions>();
  Command* l = cmd->add_subcommand("list", "List the data sets with size and last use");
  Command* c = cmd->add_subcommand("clear", "Remove data sets that no program uses");
  c->add_option("NAME", o->names, "names of data sets, as in cache list (default: all)");
  for (Command* each : {l, c}) {
    each->add_option("--cache-folder", o->folder,
                     "the cache, as in data.cache_folder (default: $XDG_CACHE_HOME/progan_cuda or "
                     "~/.cache/progan_cuda)");
  }
  l->callback([o] { list(*o); });
  c->callback([o] { clear(*o); });
}

}  // namespace pg::apps
