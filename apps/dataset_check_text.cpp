// dataset_check_text.cpp: the report of `dataset check` as text and as JSON.
#include <algorithm>
#include <sstream>

#include "apps/dataset_check.h"
#include "data/files/shown.h"
#include "kernels/error.h"

namespace pg::apps {
namespace {

constexpr size_t kLongestName = 200;

// Most frequent sizes first.
std::vector<std::pair<std::pair<int64_t, int64_t>, int64_t>> by_count(const SizeCounts& sizes) {
  std::vector<std::pair<std::pair<int64_t, int64_t>, int64_t>> result(sizes.count_of.begin(),
                                                                      sizes.count_of.end());
  std::stable_sort(result.begin(), result.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return result;
}

class Text {
 public:
  Text(const CheckReport& report, const CheckedSet& set, int64_t listed)
      : r_(report), set_(set), listed_(static_cast<size_t>(listed)) {}

  std::string write() {
    out_ << "source        " << shown(set_.where, kLongestName) << "\nimages        " << r_.usable
         << " usable of " << r_.images << ", " << r_.broken_count << " broken, " << r_.ignored_files
         << " other files\n";
    if (r_.usable > 0) {
      write_kinds();
      write_sizes();
      write_classes();
      write_duplicates();
    }
    write_lists();
    return out_.str();
  }

 private:
  std::string name(int64_t image) const { return shown(set_.source.name(image), kLongestName); }

  void counts(const char* head, const std::map<std::string, int64_t>& counts) {
    out_ << head;
    const char* between = "";
    for (const auto& [what, count] : counts) {
      out_ << between << count << ' ' << what;
      between = ", ";
    }
  }

  void also(int64_t count, const char* what) {
    if (count > 0) out_ << "; " << count << ' ' << what;
  }

  void write_kinds() {
    counts("formats       ", r_.formats);
    also(r_.wrong_ending.count, "with the extension of another format");
    also(r_.animated, "animated (first frame used)");
    counts("\ncolours       ", r_.colours);
    also(r_.with_alpha, "with alpha");
    also(r_.of_16_bits, "with 16 bits per channel");
    also(r_.turned, "rotated by EXIF");
    out_ << '\n';
  }

  void write_sizes() {
    const SizeCounts& s = r_.sizes;
    const auto extreme = [&](const SizeCounts::Extreme& e) {
      return message(e.width, 'x', e.height, " (", name(e.image), ')');
    };
    out_ << "sizes         ";
    const auto common = by_count(s);
    for (size_t k = 0; k < std::min<size_t>(5, common.size()); ++k) {
      const auto& [size, count] = common[k];
      out_ << (k > 0 ? ", " : "") << size.first << 'x' << size.second << ": " << count;
    }
    if (common.size() > 5) out_ << ", ... (" << common.size() << " sizes)";
    out_ << "\n  smallest    " << extreme(s.smallest) << "\n  largest     " << extreme(s.largest)
         << "\n  shorter side";
    const char* between = " ";
    for (const auto& [side, count] : s.by_shorter_side) {
      out_ << between << side << "-" << 2 * side - 1 << ": " << count;
      between = ", ";
    }
    out_ << "\n  not square  " << s.not_square;
    if (s.thin.count > 0) out_ << ", " << s.thin.count << " with an aspect ratio of 4:1 or more";
    out_ << '\n';
    if (set_.resolution > 0) {
      out_ << "  smaller     " << s.below_resolution << " than " << set_.resolution << 'x'
           << set_.resolution << " (would be enlarged)\n";
    }
  }

  void write_classes() {
    if (r_.class_names.empty()) return;
    out_ << "classes       " << r_.class_names.size() << '\n';
    const size_t count = std::min(r_.class_names.size(), std::max<size_t>(listed_, 20));
    for (size_t k = 0; k < count; ++k) {
      out_ << "  " << r_.class_counts[k] << "  " << shown(r_.class_names[k]) << '\n';
    }
    if (count < r_.class_names.size()) out_ << "  ...\n";
  }

  void write_duplicates() {
    const Duplicates& d = r_.duplicates;
    const bool truncated = d.near.size() >= Duplicates::kMostPairs;
    out_ << "duplicates    " << d.copies << " copies of an earlier image, "
         << (truncated ? "at least " : "") << d.near.size() << " similar pairs\n";
  }

  // A heading and at most listed_ lines.
  template <typename Line>
  void list(const std::string& head, int64_t count, size_t known, Line line) {
    if (count == 0) return;
    out_ << head << '\n';
    const size_t lines = std::min(known, listed_);
    for (size_t k = 0; k < lines; ++k) out_ << "  " << line(k) << '\n';
    if (static_cast<int64_t>(lines) < count) {
      out_ << "  ... and " << count - static_cast<int64_t>(lines)
           << " more (--list N prints N names, --json all)\n";
    }
  }

  void list_images(const std::string& head, const Listed& images) {
    list(head, images.count, images.images.size(),
         [&](size_t k) { return name(images.images[k]); });
  }

  void write_lists() {
    list("broken (skipped):", r_.broken_count, r_.broken.size(), [&](size_t k) {
      return message(shown(r_.broken[k].file, kLongestName), ": ",
                     shown(r_.broken[k].reason, kLongestName));
    });
    list_images("single colour:", r_.single_colour);
    list_images("aspect ratio of 4:1 or more:", r_.sizes.thin);
    list_images("extension of another format (harmless):", r_.wrong_ending);
    const Duplicates& d = r_.duplicates;
    list("equal images:", static_cast<int64_t>(d.exact.size()), d.exact.size(), [&](size_t k) {
      std::string line;
      const size_t shown_names = std::min<size_t>(4, d.exact[k].size());
      for (size_t i = 0; i < shown_names; ++i) line += (i > 0 ? " = " : "") + name(d.exact[k][i]);
      return line + (shown_names < d.exact[k].size() ? " = ..." : "");
    });
    list("similar images:", static_cast<int64_t>(d.near.size()), d.near.size(),
         [&](size_t k) { return name(d.near[k].a) + " ~ " + name(d.near[k].b); });
  }

  const CheckReport& r_;
  const CheckedSet& set_;
  size_t listed_;
  std::ostringstream out_;
};

nlohmann::ordered_json names_of(const CheckedSet& set, const std::vector<int64_t>& images) {
  auto names = nlohmann::ordered_json::array();
  for (const int64_t image : images) names.push_back(set.source.name(image));
  return names;
}

nlohmann::ordered_json sizes_json(const SizeCounts& s, const CheckedSet& set) {
  const auto extreme = [&](const SizeCounts::Extreme& e) -> nlohmann::ordered_json {
    if (e.image < 0) return nullptr;
    return {{"name", set.source.name(e.image)}, {"width", e.width}, {"height", e.height}};
  };
  auto common = nlohmann::ordered_json::array();
  for (const auto& [size, count] : by_count(s)) {
    common.push_back({{"width", size.first}, {"height", size.second}, {"images", count}});
  }
  auto by_side = nlohmann::ordered_json::object();
  for (const auto& [side, count] : s.by_shorter_side) by_side[std::to_string(side)] = count;
  return {{"smallest", extreme(s.smallest)},
          {"largest", extreme(s.largest)},
          {"not_square", s.not_square},
          {"resolution", set.resolution},
          {"smaller", s.below_resolution},
          {"by_shorter_side", by_side},
          {"thin", s.thin.count},
          {"thin_names", names_of(set, s.thin.images)},
          {"common", common},
          {"in_other_sizes", s.other_sizes}};
}

}  // namespace

std::string check_text(const CheckReport& report, const CheckedSet& set, int64_t listed) {
  return Text(report, set, listed).write();
}

nlohmann::ordered_json check_json(const CheckReport& r, const CheckedSet& set) {
  auto broken = nlohmann::ordered_json::array();
  for (const Rejected& b : r.broken) broken.push_back({{"name", b.file}, {"reason", b.reason}});
  auto equal = nlohmann::ordered_json::array(), near = nlohmann::ordered_json::array();
  for (const auto& group : r.duplicates.exact) equal.push_back(names_of(set, group));
  for (const NearPair& p : r.duplicates.near) {
    near.push_back(
        {{"a", set.source.name(p.a)}, {"b", set.source.name(p.b)}, {"difference", p.difference}});
  }
  auto classes = nlohmann::ordered_json::array();
  for (size_t k = 0; k < r.class_names.size(); ++k) {
    classes.push_back({{"name", r.class_names[k]}, {"images", r.class_counts[k]}});
  }
  return {{"source", set.where},
          {"images", r.images},
          {"usable", r.usable},
          {"broken", r.broken_count},
          {"other_files", r.ignored_files},
          {"formats", r.formats},
          {"colours", r.colours},
          {"with_alpha", r.with_alpha},
          {"of_16_bits", r.of_16_bits},
          {"turned", r.turned},
          {"animated", r.animated},
          {"wrong_ending", r.wrong_ending.count},
          {"single_colour", r.single_colour.count},
          {"copies", r.duplicates.copies},
          {"sizes", sizes_json(r.sizes, set)},
          {"classes", classes},
          {"broken_images", broken},
          {"wrong_ending_names", names_of(set, r.wrong_ending.images)},
          {"single_colour_names", names_of(set, r.single_colour.images)},
          {"equal_images", equal},
          {"near_pairs", near}};
}

}  // namespace pg::apps
