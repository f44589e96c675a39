// set_values.cpp: counts, and the sentences about them.
#include "data/sets/set_values.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "kernels/error.h"

namespace pg {

void SetValues::add(const ImageValues& values) {
  ++images;
  single_colour += values.single_colour ? 1 : 0;
  gray += values.gray ? 1 : 0;
  transparent += values.transparent ? 1 : 0;
  of_16_bits += values.most == 65535 ? 1 : 0;
  low = std::min(low, values.low);
  high = std::max(high, values.high);
  low_share = std::min(low_share, static_cast<double>(values.low) / values.most);
  high_share = std::max(high_share, static_cast<double>(values.high) / values.most);
}

SetValues sample_values(const ImageSource& source) {
  constexpr int64_t kSamples = 256;
  const int64_t samples = std::min(kSamples, source.count());
  SetValues values;
  for (int64_t k = 0; k < samples; ++k) {
    try {
      values.add(values_of(source.load(k * source.count() / samples)));
    } catch (const FormatError&) {  // the build itself reports it
    } catch (const IoError&) {
    }
  }
  return values;
}

bool is_enlarged(int64_t height, int64_t width, int64_t resolution, Fit fit) {
  const auto side =
      static_cast<uint64_t>(fit == Fit::pad ? std::max(height, width) : std::min(height, width));
  return static_cast<int64_t>(fit == Fit::pad ? std::bit_ceil(side) : side) < resolution;
}

ValueRange range_for(const ValueRange& range, const Shares& measured, int most) {
  if (range.kind != ValueRange::Kind::automatic) return range;
  const auto low = static_cast<int64_t>(std::llround(measured.low * most));
  const auto high = static_cast<int64_t>(std::llround(measured.high * most));
  if (high <= low) return {};
  return {.kind = ValueRange::Kind::given, .low = low, .high = high};
}

std::vector<std::string> advice_on(const SetValues& v, const ValueOptions& options) {
  constexpr double kSmallPart = 0.25;
  std::vector<std::string> advice;
  if (v.images == 0) return advice;
  // Behind transparent parts the background adds values that the files do not have.
  if (v.transparent > 0 && options.background != Background{}) return advice;
  const bool full = options.range.kind == ValueRange::Kind::full;
  const double part = v.high_share - v.low_share;
  if (full && part > 0 && part <= kSmallPart) {
    const bool same_depth = v.of_16_bits == 0 || v.of_16_bits == v.images;
    advice.push_back(message(
        "the values of all images are within ", std::lround(v.low_share * 255), " to ",
        std::lround(v.high_share * 255), " of 255",
        same_depth && v.of_16_bits > 0 ? message(" (", v.low, " to ", v.high, " of 65535)") : "",
        "; --set data.range=auto or LOW-HIGH stretches them (dataset build: --range)"));
  }
  if (2 * v.single_colour >= v.images) {
    advice.push_back(message(v.single_colour, " of ", v.images,
                             " images have a single colour; check the files, or data.range"));
  }
  if (options.channels >= 3 && v.gray == v.images && v.single_colour < v.images) {
    advice.push_back(
        "all images are gray; --set model.channels=1 (dataset build: --channels 1) trains on one "
        "channel, which is faster");
  }
  if (v.transparent > 0 && options.channels % 2 == 1 && options.background == Background{}) {
    advice.push_back(message(v.transparent, " of ", v.images,
                             " images have transparent parts, which become black; "
                             "--set data.background=white or #rrggbb chooses another colour "
                             "(dataset build: --background)"));
  }
  if (v.enlarged > 0) {
    advice.push_back(message(v.enlarged, " of ", v.images, " images have fewer pixels than ",
                             options.resolution, "x", options.resolution,
                             " and are enlarged, which blurs them; remove them, or choose a lower "
                             "--resolution"));
  }
  return advice;
}

}  // namespace pg
