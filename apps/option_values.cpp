// option_values.cpp: parses lists of seeds, and grids.
#include "apps/option_values.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "data/files/shown.h"
#include "kernels/error.h"

namespace pg::apps {
namespace {

constexpr uint64_t kMaxSeeds = 1000000;

bool parse_number(std::string_view text, uint64_t& value) {
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && end.ec == std::errc{} && end.ptr == text.data() + text.size();
}

}  // namespace

std::vector<uint64_t> parse_seeds(const std::string& text) {
  std::vector<uint64_t> seeds;
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t end = std::min(text.find(',', begin), text.size());
    std::string_view part = std::string_view(text).substr(begin, end - begin);
    while (part.starts_with(' ')) part.remove_prefix(1);
    const size_t dash = part.find('-');
    uint64_t first = 0, last = 0;
    const bool good = parse_number(part.substr(0, dash), first) &&
                      (dash == std::string_view::npos ? (last = first, true)
                                                      : parse_number(part.substr(dash + 1), last));
    PG_CHECK(good, UsageError, "--seeds: expected seeds or ranges such as 7, 0-63 or 1,5,9, got '",
             shown(part.empty() ? std::string_view(text) : part), "'");
    PG_CHECK(first <= last, UsageError, "--seeds: the range ", shown(part),
             " runs backwards; write ", last, "-", first);
    PG_CHECK(last - first < kMaxSeeds - seeds.size(), UsageError, "--seeds: expected at most ",
             kMaxSeeds, " seeds, got more in '", shown(part), "'; generate in parts");
    for (uint64_t k = 0; k <= last - first; ++k) seeds.push_back(first + k);
    begin = end + 1;
  }
  return seeds;
}

GridSize grid_option(const std::string& text) {
  const std::optional<GridSize> grid = parse_grid(text);
  PG_CHECK(grid, UsageError, "--grid: expected ROWSxCOLUMNS, such as 8x8, each at most 9999, got '",
           text, "'");
  return *grid;
}

}  // namespace pg::apps
