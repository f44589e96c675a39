// source.cpp: recognises the formats.
#include "data/sources/source.h"

#include <algorithm>

#include "data/files/file_kind.h"
#include "data/files/io_error.h"
#include "data/files/read_file.h"
#include "data/formats/lmdb_file.h"
#include "data/formats/tfrecord.h"
#include "data/sources/dataset_json.h"
#include "kernels/error.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

std::vector<fs::path> cifar_batches(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const bool batch = name.starts_with("data_batch_") && name.ends_with(".bin");
    if (batch && is_file(entry.path())) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

// Training images come first; the test images beside them are meant to be held out.
fs::path idx_images(const fs::path& folder) {
  for (const char* name :
       {"train-images-idx3-ubyte", "train-images.idx3-ubyte", "images-idx3-ubyte",
        "t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte"}) {
    for (const char* ending : {"", ".gz"}) {
      const fs::path file = folder / (std::string(name) + ending);
      if (is_file(file)) return file;
    }
  }
  return {};
}

std::unique_ptr<ImageSource> open_folder(const fs::path& folder) {
  PG_CHECK(!is_dataset_folder(folder), UsageError, folder.string(),
           " is already a built data set; use it with train, or name the folder of its raw images");
  const std::vector<fs::path> batches = cifar_batches(folder);
  if (!batches.empty()) return open_cifar_source(batches);
  const fs::path lmdb = lmdb_database(folder);
  if (!lmdb.empty()) return open_lmdb_source(lmdb);
  const fs::path records = largest_tfrecords(folder);
  if (!records.empty()) return open_tfrecord_source(records);
  const fs::path idx = idx_images(folder);
  if (!idx.empty()) return open_idx_source(idx);
  return open_folder_source(folder);
}

std::unique_ptr<ImageSource> open_file(const fs::path& file) {
  if (is_idx_images(file)) return open_idx_source(file);
  if (is_zip(file)) return open_zip_source(file);
  if (is_lmdb_file(file)) return open_lmdb_source(file);
  if (is_tfrecord(file)) return open_tfrecord_source(file);
  if (file.extension() == ".bin") return open_cifar_source({file});
  PG_CHECK(!looks_like_image(read_file_start(file, 32)), UsageError, file.string(),
           " is a single image; name the folder it is in");
  PG_CHECK(fs::file_size(file) > 0, UsageError, file.string(),
           " is empty; name a folder or an archive of images");
  PG_CHECK(!is_dataset_folder(folder_of(file)), UsageError, file.string(),
           " is a part of a built data set; name its folder, ", folder_of(file).string());
  PG_CHECK(file.extension() != ".safetensors", UsageError, file.string(),
           " holds networks, not images; to resume a run: train --resume ", file.string());
  throw UsageError(message(file.string(),
                           " is not a set of images (a folder, zip, idx, LMDB, .tfrecords or "
                           "CIFAR-10 .bin); unpack other archives into a folder"));
}

}  // namespace

std::unique_ptr<ImageSource> open_source(const std::string& where) {
  if (where.starts_with("builtin:")) return open_procedural_source(where);
  std::error_code error;
  const fs::file_status status = fs::status(where, error);
  if (status.type() == fs::file_type::not_found || status.type() == fs::file_type::none) {
    throw_io_error("find", where, error ? error.value() : ENOENT);
  }
  PG_CHECK(fs::weakly_canonical(where, error) != "/", UsageError,
           "'/' is the whole file system; name the folder that holds the images");
  try {
    return fs::is_directory(status) ? open_folder(where) : open_file(where);
  } catch (const fs::filesystem_error& failure) {
    throw_io_error("read", failure.path1().empty() ? fs::path(where) : failure.path1(),
                   failure.code().value());
  }
}

}  // namespace pg
