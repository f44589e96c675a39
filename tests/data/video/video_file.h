// video_file.h: reads the videos that tests write: the elements of WebM, and frames by libvpx.
#pragma once

#include <bit>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "data/images/image.h"

namespace pg::testing {

// A frame as stored.
struct StoredFrame {
  double seconds = 0.0;
  bool is_key = false;
  std::string bytes;
};

struct StoredCue {
  uint64_t milliseconds = 0;
  int64_t cluster = 0;  // place in the segment
};

// The parts of a WebM file that players read. The parser follows the sizes in the file and shares
// nothing with the writer.
struct WebmContent {
  std::string doc_type, codec, writer;
  double duration = 0.0;  // ms
  uint64_t width = 0, height = 0, matrix = 0, range = 0;
  bool segment_is_sized = false;
  std::vector<int64_t> clusters;                        // places in the segment
  std::vector<std::pair<uint64_t, int64_t>> seek_head;  // identifier and place in the segment
  std::vector<std::pair<uint64_t, int64_t>> top;        // of each element of the segment
  std::vector<StoredCue> cues;
  std::vector<StoredFrame> frames;
};

class WebmParser {
 public:
  explicit WebmParser(std::string bytes) : bytes_(std::move(bytes)) {
    children(0, size(), [this](uint64_t id, size_t from, size_t to, bool known) {
      if (id == 0x1A45DFA3) header(from, to);
      if (id == 0x18538067) segment(from, to, known);
    });
  }
  const WebmContent& content() const { return content_; }

 private:
  using Visit = std::function<void(uint64_t id, size_t from, size_t to, bool known)>;

  size_t size() const { return bytes_.size(); }

  uint64_t number(size_t from, size_t to) const {
    uint64_t value = 0;
    for (size_t i = from; i < to; ++i) value = value << 8 | static_cast<uint8_t>(bytes_.at(i));
    return value;
  }

  std::string text(size_t from, size_t to) const { return bytes_.substr(from, to - from); }

  // Calls `visit` for each whole element; stops at one that the file cuts off.
  void children(size_t at, size_t end, const Visit& visit) {
    while (at < end) {
      const auto length = [&](size_t place) {
        return static_cast<size_t>(std::countl_zero(static_cast<uint8_t>(bytes_.at(place)))) + 1;
      };
      const size_t id_bytes = length(at);
      if (at + id_bytes >= end) return;
      const size_t size_bytes = length(at + id_bytes), content = at + id_bytes + size_bytes;
      if (content > end) return;
      const uint64_t id = number(at, at + id_bytes);
      const uint64_t mask = (uint64_t{1} << (7 * size_bytes)) - 1;
      const uint64_t count = number(at + id_bytes, content) & mask;
      const bool known = count != mask;
      if (known && count > end - content) return;
      const size_t to = known ? content + count : end;
      visit(id, content, to, known);
      at = to;
    }
  }

  void header(size_t from, size_t to) {
    children(from, to, [this](uint64_t id, size_t a, size_t b, bool) {
      if (id == 0x4282) content_.doc_type = text(a, b);
    });
  }

  void segment(size_t from, size_t to, bool known) {
    content_.segment_is_sized = known;
    size_t start = from;
    children(from, to, [&](uint64_t id, size_t a, size_t b, bool) {
      const auto place = static_cast<int64_t>(start - from);
      content_.top.emplace_back(id, place);
      start = b;
      if (id == 0x1549A966 || id == 0x1654AE6B) details(a, b);
      if (id == 0x114D9B74) seek_head(a, b);
      if (id == 0x1C53BB6B) cues(a, b);
      if (id != 0x1F43B675) return;
      content_.clusters.push_back(place);
      cluster(a, b);
    });
  }

  // Of Info and Tracks.
  void details(size_t from, size_t to) {
    children(from, to, [this](uint64_t id, size_t a, size_t b, bool) {
      if (id == 0xAE || id == 0xE0 || id == 0x55B0) details(a, b);
      if (id == 0x4489) content_.duration = std::bit_cast<double>(number(a, b));
      if (id == 0x5741) content_.writer = text(a, b);
      if (id == 0x86) content_.codec = text(a, b);
      if (id == 0xB0) content_.width = number(a, b);
      if (id == 0xBA) content_.height = number(a, b);
      if (id == 0x55B1) content_.matrix = number(a, b);
      if (id == 0x55B9) content_.range = number(a, b);
    });
  }

  void seek_head(size_t from, size_t to) {
    children(from, to, [this](uint64_t id, size_t a, size_t b, bool) {
      if (id != 0x4DBB) return;
      uint64_t wanted = 0, place = 0;
      children(a, b, [&](uint64_t inner, size_t c, size_t d, bool) {
        (inner == 0x53AB ? wanted : place) = number(c, d);
      });
      content_.seek_head.emplace_back(wanted, static_cast<int64_t>(place));
    });
  }

  void cues(size_t from, size_t to) {
    children(from, to, [this](uint64_t, size_t a, size_t b, bool) {
      StoredCue cue;
      children(a, b, [&](uint64_t id, size_t c, size_t d, bool) {
        if (id == 0xB3) cue.milliseconds = number(c, d);
        if (id != 0xB7) return;
        children(c, d, [&](uint64_t inner, size_t e, size_t f, bool) {
          if (inner == 0xF1) cue.cluster = static_cast<int64_t>(number(e, f));
        });
      });
      content_.cues.push_back(cue);
    });
  }

  void cluster(size_t from, size_t to) {
    uint64_t start = 0;
    children(from, to, [&](uint64_t id, size_t a, size_t b, bool) {
      if (id == 0xE7) start = number(a, b);
      if (id != 0xA3) return;
      const uint64_t time = start + number(a + 1, a + 3);
      content_.frames.push_back({.seconds = static_cast<double>(time) / 1000.0,
                                 .is_key = (number(a + 3, a + 4) & 0x80) != 0,
                                 .bytes = text(a + 4, b)});
    });
  }

  std::string bytes_;
  WebmContent content_;
};

// The colours of the frames, decoded by libvpx and converted by the formulas in floating point.
std::vector<Image> decode_vp9(const std::vector<StoredFrame>& frames);

}  // namespace pg::testing
