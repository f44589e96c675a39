// source.h: sources of raw images, from which data sets are built.
//
// A source numbers its images; the builder loads them from several threads. Each format has a .cpp
// file; open_source recognises formats by content.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/images/fit.h"
#include "data/images/image.h"

namespace pg {

class ImageSource {
 public:
  virtual ~ImageSource() = default;

  virtual int64_t count() const = 0;

  // Image i of 0..count() - 1; thread-safe. Throws FormatError or IoError for an unreadable image,
  // which the builder lists by name and skips.
  virtual Image load(int64_t i) const = 0;

  // The name of image i in messages and in the list of rejected images.
  virtual std::string name(int64_t i) const = 0;

  // Class 0..label_names().size() - 1 of image i; 0 without classes.
  virtual int32_t label(int64_t i) const = 0;
  virtual std::vector<std::string> label_names() const = 0;  // empty: no classes

  // Changes when names, sizes or times of files change, or the sampled parts of their contents
  // (file_stamp.h). Files that are read while the source is opened count as they were before.
  virtual std::string fingerprint() const = 0;

  // Number of skipped files that are not meant to be images.
  virtual int64_t ignored_files() const { return 0; }

  // Sentences for the user about the files: skipped ones, parts of a set, an unused dataset.json.
  // In one displayable line each.
  virtual std::vector<std::string> notes() const { return {}; }

  // Defaults for options left open; the fit is never automatic.
  virtual int64_t default_channels() const = 0;
  virtual Fit default_fit() const { return Fit::crop; }
};

// Opens the source that `where` names:
//   builtin:shapes[:COUNT]       the procedural set (source_procedural.cpp), 4096 images by default
//   a folder with data_batch_*.bin, or a .bin file        CIFAR-10 binary
//   a folder with [train-]images-idx3-ubyte[.gz], or such a file     idx
//   a .zip file (by content)      all images in it, with the labels of its dataset.json (StyleGAN)
//   a folder with data.mdb, or such a file (by content)     LMDB of encoded images (LSUN)
//   a folder with NAME-rXX.tfrecords, or such a file      official TFRecords, the largest size,
//                                with the classes of NAME-rxx.labels
//   any other folder             all JPEG, PNG, WebP and BMP below it (tree_scan.h), with classes
//   by
//                                folder or by a dataset.json like that of a zip (file_classes.h)
// Throws IoError for missing or unreadable files, FormatError for truncated or damaged ones,
// UsageError for anything that is not a source of images.
std::unique_ptr<ImageSource> open_source(const std::string& where);

// The formats, for open_source. `root` and `file` must exist.
std::unique_ptr<ImageSource> open_folder_source(const std::filesystem::path& root);
std::unique_ptr<ImageSource> open_idx_source(const std::filesystem::path& file);
std::unique_ptr<ImageSource> open_cifar_source(const std::vector<std::filesystem::path>& files);
std::unique_ptr<ImageSource> open_zip_source(const std::filesystem::path& file);
std::unique_ptr<ImageSource> open_lmdb_source(const std::filesystem::path& file);
std::unique_ptr<ImageSource> open_tfrecord_source(const std::filesystem::path& file);
std::unique_ptr<ImageSource> open_procedural_source(const std::string& where);

// Whether the file starts like idx images, plain or gzip.
bool is_idx_images(const std::filesystem::path& file);

// The LMDB database in the folder; empty if there is none.
std::filesystem::path lmdb_database(const std::filesystem::path& folder);

// The .tfrecords file of the largest size in the folder; empty if there is none. Throws UsageError
// if the folder has several data sets.
std::filesystem::path largest_tfrecords(const std::filesystem::path& folder);

// Whether the file starts like a zip archive.
bool is_zip(const std::filesystem::path& file);

}  // namespace pg
