// source_lmdb.cpp: images in an LMDB database, in LSUN's format: key -> encoded file.
#include <string>
#include <vector>

#include "data/files/shown.h"
#include "data/formats/lmdb_file.h"
#include "data/sources/source.h"
#include "kernels/error.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

class LmdbSource : public ImageSource {
 public:
  explicit LmdbSource(const fs::path& file) : path_(file), file_(file) {
    PG_CHECK(file_.count() > 0, FormatError, file.string(),
             " is an LMDB database without entries; use one that contains images");
  }

  int64_t count() const override { return file_.count(); }

  Image load(int64_t i) const override {
    std::vector<uint8_t> bytes;
    try {
      bytes = file_.value(i, kMostStoredBytes);
    } catch (const FormatError& error) {
      throw FormatError(message(name(i), ": ", error.what()));
    }
    return decode_image(bytes, name(i));
  }

  std::string name(int64_t i) const override {
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
  std::string fingerprint() const override { return message("lmdb ", file_stamp(path_)); }

 private:
  fs::path path_;
  LmdbFile file_;
};

}  // namespace

fs::path lmdb_database(const fs::path& folder) {
  const fs::path file = folder / "data.mdb";
  return fs::is_regular_file(file) ? file : fs::path();
}

std::unique_ptr<ImageSource> open_lmdb_source(const fs::path& file) {
  return std::make_unique<LmdbSource>(file);
}

}  // namespace pg
