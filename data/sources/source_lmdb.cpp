// source_lmdb.cpp: images in an LMDB database: key -> encoded file, as in LSUN.
//
// Programs that train StyleGANs in PyTorch write every image in several sizes, with keys
// "256-00012", and their number under "length": of these the largest size is used.
#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "data/files/file_kind.h"
#include "data/files/file_stamp.h"
#include "data/files/memory_budget.h"
#include "data/files/shown.h"
#include "data/formats/lmdb_file.h"
#include "data/sources/source.h"
#include "kernels/error.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

// SIZE of a key "SIZE-NUMBER" with five digits or more; 0 for any other key.
int64_t size_of_key(std::string_view key) {
  const auto digits = [](std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  const size_t dash = key.find('-');
  if (dash == 0 || dash > 5) return 0;  // npos as well
  const std::string_view number = key.substr(dash + 1);
  if (number.size() < 5 || !digits(key.substr(0, dash)) || !digits(number)) return 0;
  return std::stoll(std::string(key.substr(0, dash)));
}

class LmdbSource : public ImageSource {
 public:
  explicit LmdbSource(const fs::path& file) : path_(file), watched_(file), file_(file) {
    PG_CHECK(file_.count() > 0, FormatError, file.string(),
             " is an LMDB database without entries; use one that contains images");
    choose_size();
  }

  int64_t count() const override {
    return chosen_.empty() ? file_.count() : static_cast<int64_t>(chosen_.size());
  }

  Image load(int64_t k) const override {
    const int64_t i = entry(k);
    std::vector<uint8_t> bytes;
    MemoryBudget::Share memory;
    try {
      memory = file_budget().take(std::min(file_.value_bytes(i), kMostStoredBytes), "the entry");
      bytes = file_.value(i, kMostStoredBytes);
    } catch (const FormatError& error) {
      throw FormatError(message(name(k), ": ", error.what()));
    }
    return decode_image(bytes, name(k));
  }

  std::string name(int64_t k) const override {
    const int64_t i = entry(k);
    const std::string place = message(path_.filename().string(), " entry ", i);
    try {
      return file_.damaged_page(i) ? place : shown(file_.key(i));
    } catch (const FormatError&) {  // load() reports the reason
      return place;
    } catch (const IoError&) {
      return place;
    }
  }
  int32_t label(int64_t) const override { return 0; }
  std::vector<std::string> label_names() const override { return {}; }
  int64_t default_channels() const override { return 3; }
  std::vector<std::string> notes() const override { return notes_; }
  std::string fingerprint() const override {
    return message(chosen_.empty() ? "lmdb " : "lmdb, largest size ", watched_.text());
  }

 private:
  int64_t entry(int64_t k) const { return chosen_.empty() ? k : chosen_[static_cast<size_t>(k)]; }

  // Reads all keys only if the first one has a size. Damaged entries stay, to be reported.
  void choose_size() {
    std::map<int64_t, int64_t> counts;  // by size
    std::vector<int64_t> sizes;         // of each entry; -1: damaged, 0: "length"
    for (int64_t i = 0; i < file_.count(); ++i) {
      try {
        const std::string key = file_.key(i);
        const int64_t size = size_of_key(key);
        if (size == 0 && key != "length") return;
        sizes.push_back(size);
        if (size > 0) ++counts[size];
      } catch (const FormatError&) {
        sizes.push_back(-1);
      } catch (const IoError&) {
        return;
      }
    }
    if (counts.empty()) return;
    const int64_t largest = counts.rbegin()->first;
    for (int64_t i = 0; i < file_.count(); ++i) {
      const int64_t size = sizes[static_cast<size_t>(i)];
      if (size == largest || size == -1) chosen_.push_back(i);
    }
    if (counts.size() == 1) return;
    std::vector<int64_t> names;
    for (const auto& [size, count] : counts) names.push_back(size);
    notes_.push_back(message("the database has its images in ", names.size(), " sizes (",
                             joined(names), "): the ", counts.at(largest), " of size ", largest,
                             " are used"));
  }

  fs::path path_;
  WatchedFile watched_;
  LmdbFile file_;
  std::vector<int64_t> chosen_;  // entries that are images; empty: all
  std::vector<std::string> notes_;
};

}  // namespace

fs::path lmdb_database(const fs::path& folder) {
  const fs::path file = folder / "data.mdb";
  return is_file(file) ? file : fs::path();
}

std::unique_ptr<ImageSource> open_lmdb_source(const fs::path& file) {
  return std::make_unique<LmdbSource>(file);
}

}  // namespace pg
