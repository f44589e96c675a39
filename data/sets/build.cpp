// build.cpp: decode in parallel, write in order.
#include "data/sets/build.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "data/files/crc32.h"
#include "data/formats/npy_writer.h"
#include "data/images/resample.h"
#include "data/images/resolutions.h"
#include "data/sets/ordered_parallel.h"
#include "kernels/error.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

// The levels of one image, finest first, or the reason for its rejection.
struct Levels {
  std::vector<std::vector<uint8_t>> pixels;
  std::string rejected;
  ImageValues values;
  bool halves = true, enlarged = false;
};

Levels make_levels(const ImageSource& source, int64_t i, const BuildOptions& options,
                   const Shares& measured) {
  Levels levels;
  Image image;
  try {
    image = source.load(i);
  } catch (const FormatError& error) {
    levels.rejected = error.what();
    return levels;
  } catch (const IoError& error) {
    levels.rejected = error.what();
    return levels;
  }
  levels.values = values_of(image);
  levels.halves = halves_exactly(image, options.resolution, options.fit);
  levels.enlarged = is_enlarged(image.height, image.width, options.resolution, options.fit);
  apply_range(image, range_for(options.range, measured, levels.values.most));
  FloatImage level =
      resample_square(image, options.resolution, options.fit, options.channels, options.background);
  image = {};  // gives its memory back
  while (true) {
    append_rounded(level, levels.pixels.emplace_back());
    if (level.height == kMinResolution) return levels;
    level = box_down(level);
  }
}

// The reason of the first one has its own advice.
[[noreturn]] void fail_without_images(size_t count, const std::string& reason) {
  if (count == 0)
    throw FormatError("there is no image; use a folder of JPEG, PNG, WebP or BMP images");
  if (count == 1) throw FormatError("the only image is not usable: " + reason);
  throw FormatError(message("none of ", count, " images is usable; of the first: ", reason));
}

int64_t bytes_per_image(const BuildOptions& options) {
  int64_t bytes = 4;
  for (int64_t r = kMinResolution; r <= options.resolution; r *= 2)
    bytes += r * r * options.channels;
  return bytes;
}

void check_space(const fs::path& folder, int64_t count, const BuildOptions& options) {
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  if (error) return;  // unknown; a full disk is then reported while writing
  const uint64_t need =
      static_cast<uint64_t>(count) * static_cast<uint64_t>(bytes_per_image(options));
  PG_CHECK(space.available >= need, IoError, "the data set needs ", need / 1000000,
           " MB, but only ", space.available / 1000000, " MB are free for ", folder.string(),
           "; free some space, or choose another folder or a smaller resolution");
}

// Images being resampled or waiting for their turn: four for each thread, if the budget allows. In
// memory, the levels of one are bytes and, for a while, the two largest as floats.
int64_t window_of(const BuildOptions& options) {
  const int64_t pixels = options.resolution * options.resolution * options.channels;
  const int64_t each = bytes_per_image(options) + pixels * 5;
  return std::clamp<int64_t>(result_memory() / each, 1, 4 * options.threads);
}

// Consumes images in order: appends to every file, lists rejected images, reports progress.
class Writer {
 public:
  Writer(const fs::path& folder, const ImageSource& source, const BuildOptions& options)
      : source_(source), options_(options), labels_(OutputPath::in_scratch(folder / "labels.npy")) {
    for (int64_t r = options.resolution; r >= kMinResolution; r /= 2) {
      const fs::path file = folder / level_file_name(r);
      files_.push_back(std::make_unique<NpyWriter>(OutputPath::in_scratch(file)));
    }
  }

  void add(int64_t i, const Levels& levels) {
    if (levels.rejected.empty()) {
      for (size_t k = 0; k < files_.size(); ++k) files_[k]->write(bytes_of(levels.pixels[k]));
      const int32_t label = source_.label(i);
      labels_.write(std::as_bytes(std::span(&label, 1)));
      ++manifest_.count;
      halves_ = halves_ && levels.halves;
      values_.add(levels.values);
      values_.enlarged += levels.enlarged ? 1 : 0;
    } else {
      PG_CHECK(options_.strict == Strict::no, FormatError, levels.rejected,
               " (--strict: no image may be skipped)");
      manifest_.rejected.push_back({source_.name(i), levels.rejected});
    }
    report(i + 1);
  }

  Manifest finish() {
    const size_t rejected = manifest_.rejected.size();
    if (manifest_.count == 0) {
      fail_without_images(rejected, rejected > 0 ? manifest_.rejected.front().reason : "");
    }
    int64_t r = options_.resolution;
    for (const auto& file : files_) {
      list(*file, {NpyType::u8, {manifest_.count, r, r, options_.channels}});
      r /= 2;
    }
    list(labels_, {NpyType::i32, {manifest_.count}});
    manifest_.halves = halves_;
    return std::move(manifest_);
  }

  const SetValues& values() const { return values_; }

  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  void list(NpyWriter& file, const NpyHeader& header) {
    const NpyWriter::Written written = file.finish(header);
    manifest_.files[file.name()] = {written.bytes, crc_text(written.crc32)};
  }

  void report(int64_t done) {
    const double now = seconds();
    if (!options_.progress || (done < source_.count() && now - reported_ < 0.1)) return;
    reported_ = now;
    options_.progress(
        {done, source_.count(), static_cast<int64_t>(manifest_.rejected.size()), now});
  }

  const ImageSource& source_;
  const BuildOptions& options_;
  NpyWriter labels_;
  std::vector<std::unique_ptr<NpyWriter>> files_;
  Manifest manifest_;
  bool halves_ = true;
  SetValues values_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double reported_ = -1;
};

// The median of the smaller sides (pad: of the longer ones) of images spread evenly over the
// source. Throws FormatError if none of them is usable.
int64_t median_side(const ImageSource& source, Fit fit) {
  constexpr int64_t kSamples = 64;
  const int64_t samples = std::min(kSamples, source.count());
  std::vector<int64_t> sides;
  std::string reason;
  for (int64_t k = 0; k < samples; ++k) {
    try {
      const Image image = source.load(k * source.count() / samples);
      sides.push_back(fit == Fit::pad ? std::max(image.height, image.width)
                                      : std::min(image.height, image.width));
    } catch (const FormatError& error) {  // the build itself reports each
      if (reason.empty()) reason = error.what();
    } catch (const IoError& error) {
      if (reason.empty()) reason = error.what();
    }
  }
  if (sides.empty()) fail_without_images(static_cast<size_t>(samples), reason);
  std::nth_element(sides.begin(), sides.begin() + static_cast<int64_t>(sides.size() / 2),
                   sides.end());
  return sides[sides.size() / 2];
}

int64_t automatic_resolution(const ImageSource& source, Fit fit) {
  const auto side = static_cast<uint64_t>(median_side(source, fit));
  const auto power =
      static_cast<int64_t>(fit == Fit::pad ? std::bit_ceil(side) : std::bit_floor(side));
  return std::clamp(power, kMinResolution, kMaxResolution);
}

// Absolute and without a trailing slash, so that names of siblings can be formed.
fs::path clean_path(const fs::path& path) {
  const fs::path clean = fs::absolute(path).lexically_normal();
  return clean.has_filename() ? clean : clean.parent_path();
}

}  // namespace

BuildOptions resolve_options(const ImageSource& source, const BuildOptions& options) {
  BuildOptions o = options;
  if (o.fit == Fit::automatic) o.fit = source.default_fit();
  if (o.channels == 0) o.channels = source.default_channels();
  PG_CHECK(o.channels >= 1 && o.channels <= 4, UsageError,
           "channels: expected 1 (gray), 2 (gray, alpha), 3 (RGB) or 4 (RGB, alpha), got ",
           o.channels);
  PG_CHECK(o.resolution == 0 || is_resolution(o.resolution), UsageError,
           "resolution: expected a power of two from 4 to 1024, or 0 to derive it from the images, "
           "got ",
           o.resolution);
  PG_CHECK(o.threads >= 0 && o.threads <= 1024, UsageError,
           "threads: expected 1 to 1024, or 0 for one per processor, got ", o.threads);
  if (o.threads == 0) o.threads = std::max(1u, std::thread::hardware_concurrency());
  if (o.resolution == 0) o.resolution = automatic_resolution(source, o.fit);
  return o;
}

BuildReport build_dataset(const ImageSource& source, const std::string& source_name,
                          const fs::path& out, const BuildOptions& options) {
  const BuildOptions o = resolve_options(source, options);
  BuildReport report;
  report.folder = clean_path(out);
  const std::string fingerprint = source.fingerprint();
  BuildFolder folder(report.folder, o.existing);
  check_space(folder.path(), source.count(), o);

  Writer writer(folder.path(), source, o);
  Shares measured;
  if (o.range.kind == ValueRange::Kind::automatic) {
    const SetValues sample = sample_values(source);
    measured = {sample.low_share, sample.high_share};
  }
  const ParallelPlan plan{source.count(), o.threads, window_of(o)};
  ordered_parallel(
      plan, [&](int64_t i) { return make_levels(source, i, o, measured); },
      [&](int64_t i, const Levels& levels) { writer.add(i, levels); });

  PG_CHECK(source.fingerprint() == fingerprint, ImagesChangedError, "the images of ", source_name,
           " changed while they were read; start again when they no longer change");
  report.manifest = writer.finish();
  report.manifest.source = source_name;
  if (o.paths == Paths::strip) strip_paths(report.manifest, source_name);
  report.manifest.fingerprint = fingerprint;
  report.manifest.fit = name_of(o.fit);
  report.manifest.channels = o.channels;
  report.manifest.background = text_of(o.background);
  report.manifest.range = text_of(o.range);
  report.manifest.resolution = o.resolution;
  report.manifest.label_names = source.label_names();
  report.manifest.ignored_files = source.ignored_files();
  report.advice = advice_on(writer.values(), {.channels = o.channels,
                                              .resolution = o.resolution,
                                              .range = o.range,
                                              .background = o.background});
  write_manifest(folder.path(), report.manifest);
  folder.publish();
  report.seconds = writer.seconds();
  return report;
}

}  // namespace pg
