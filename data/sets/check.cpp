// check.cpp: inspects images in parallel, counts them in order.
#include "data/sets/check.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <thread>

#include "data/images/endings.h"
#include "data/images/resolutions.h"
#include "data/sets/ordered_parallel.h"
#include "data/sets/set_values.h"
#include "kernels/error.h"

namespace pg {
namespace {

// The facts about an image, until it is counted.
struct Inspected {
  std::string rejected;  // empty: usable
  int64_t height = 0, width = 0, channels = 0;
  StoredAs stored;
  ImageValues values;
  Fingerprint fingerprint;
};

Inspected inspect(const ImageSource& source, int64_t i) {
  Inspected seen;
  try {
    const Image image = source.load(i);
    seen.height = image.height;
    seen.width = image.width;
    seen.channels = image.channels;
    seen.stored = image.stored;
    seen.values = values_of(image);
    seen.fingerprint = fingerprint_of(image);
    seen.fingerprint.image = i;
  } catch (const FormatError& error) {
    seen.rejected = error.what();
  } catch (const IoError& error) {
    seen.rejected = error.what();
  }
  return seen;
}

// "folder/a.jpg is empty; remove the file" -> "is empty; remove the file".
std::string without_name(const std::string& reason, const std::string& name) {
  const size_t at = reason.find(name);
  if (at == std::string::npos) return reason;
  const std::string rest = reason.substr(at + name.size());
  // "cannot read PATH: why" keeps its first words.
  const bool opens = at == 0 || reason.find(' ') > at;
  const size_t begin = rest.find_first_not_of(" :");
  return opens && begin != std::string::npos ? rest.substr(begin) : reason;
}

const char* colours_of(const Inspected& seen) {
  if (seen.channels <= 2) return "gray";
  switch (seen.stored.colours) {
    case Colours::palette:
      return "palette";
    case Colours::cmyk:
      return "CMYK";
    default:
      return "RGB";
  }
}

// Counts inspected images in order.
class Counter {
 public:
  Counter(const ImageSource& source, const CheckOptions& options)
      : source_(source), options_(options) {
    report_.images = source.count();
    report_.ignored_files = source.ignored_files();
    report_.class_names = source.label_names();
    report_.class_counts.resize(report_.class_names.size());
    fingerprints_.reserve(static_cast<size_t>(source.count()));  // touched only as it fills
  }

  void add(int64_t i, const Inspected& seen) {
    if (seen.rejected.empty()) {
      add_usable(i, seen);
    } else if (++report_.broken_count <= static_cast<int64_t>(Listed::kMost)) {
      const std::string name = source_.name(i);
      report_.broken.push_back({name, without_name(seen.rejected, name)});
    }
    report_progress(i + 1);
  }

  CheckReport finish() {
    const auto usable = static_cast<int64_t>(fingerprints_.size());
    const int64_t drawn = std::min(usable, CheckReport::kMostDrawn);
    for (int64_t k = 0; k < drawn; ++k) {
      report_.drawn.push_back(fingerprints_[static_cast<size_t>(k * usable / drawn)].image);
    }
    report_.usable = usable;
    report_.duplicates = find_duplicates(fingerprints_, [&] { report_progress(source_.count()); });
    return std::move(report_);
  }

 private:
  void add_usable(int64_t i, const Inspected& seen) {
    ++report_.formats[name_of(seen.stored.format)];
    ++report_.colours[colours_of(seen)];
    report_.with_alpha += seen.channels == 2 || seen.channels == 4 ? 1 : 0;
    report_.of_16_bits += seen.stored.bits == 16 ? 1 : 0;
    report_.turned += seen.stored.orientation != 1 ? 1 : 0;
    report_.animated += seen.stored.frames > 1 ? 1 : 0;
    if (has_wrong_ending(source_.name(i), seen.stored.format)) report_.wrong_ending.add(i);
    report_.values.add(seen.values);
    if (seen.fingerprint.single_colour) report_.single_colour.add(i);
    if (!report_.class_counts.empty()) {
      ++report_.class_counts[static_cast<size_t>(source_.label(i))];
    }
    add_size(i, seen.width, seen.height);
    fingerprints_.push_back(seen.fingerprint);
  }

  void add_size(int64_t i, int64_t width, int64_t height) {
    SizeCounts& s = report_.sizes;
    const int64_t shorter = std::min(width, height), longer = std::max(width, height);
    const auto shorter_of = [](const SizeCounts::Extreme& e) {
      return std::min(e.width, e.height);
    };
    if (s.smallest.image < 0 || shorter < shorter_of(s.smallest)) s.smallest = {i, width, height};
    if (width * height > s.largest.width * s.largest.height) s.largest = {i, width, height};
    s.not_square += width != height ? 1 : 0;
    s.below_resolution += is_enlarged(height, width, options_.resolution, options_.fit) ? 1 : 0;
    if (longer >= 4 * shorter) s.thin.add(i);
    const auto size = std::pair(width, height);
    if (s.count_of.size() < SizeCounts::kMostSizes || s.count_of.contains(size)) {
      ++s.count_of[size];
    } else {
      ++s.other_sizes;
    }
    ++s.by_shorter_side[static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(shorter)))];
  }

  void report_progress(int64_t done) {
    const double now =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    if (!options_.progress || (done < source_.count() && now - reported_ < 0.1)) return;
    reported_ = now;
    options_.progress({done, source_.count(), report_.broken_count, now});
  }

  const ImageSource& source_;
  const CheckOptions& options_;
  CheckReport report_;
  std::vector<Fingerprint> fingerprints_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double reported_ = -1;
};

}  // namespace

void Listed::add(int64_t image) {
  ++count;
  if (images.size() < kMost) images.push_back(image);
}

CheckReport check_images(const ImageSource& source, const CheckOptions& options) {
  PG_CHECK(options.resolution == 0 || is_resolution(options.resolution), UsageError,
           "resolution: expected a power of two from 4 to 1024, or 0 for none, got ",
           options.resolution);
  PG_CHECK(options.threads >= 0 && options.threads <= 1024, UsageError,
           "threads: expected 1 to 1024, or 0 for one per processor, got ", options.threads);
  const int64_t threads =
      options.threads > 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency());
  Counter counter(source, options);
  ordered_parallel(
      {source.count(), threads, 4 * threads}, [&](int64_t i) { return inspect(source, i); },
      [&](int64_t i, const Inspected& seen) { counter.add(i, seen); });
  return counter.finish();
}

}  // namespace pg
