// webm_file.h: WebM files of one VP9 track, written as frames arrive.
//
//   EBML header | Segment: SeekHead | Info (duration) | Tracks | Cluster ... | Cues | Void
//
// A cluster starts at each key frame and holds its frames up to the next one; Cues list where
// clusters start, so that players can seek. The file is playable from the first cluster on: sizes
// and the duration are unknown at first and overwritten at the end. The last element is a Void with
// the name of this program (own_file.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "data/files/atomic_file.h"

namespace pg {

class WebmFile {
 public:
  // Colour is BT.709 in studio range; extents in pixels.
  struct Track {
    int64_t height = 0, width = 0;
    double fps = 30.0;
  };
  WebmFile(const OutputPath& to, const Track& track);

  // The next frame; frame i is shown from i / fps seconds on, rounded to milliseconds. The first
  // one must be a key frame. Throws IoError.
  void add(std::span<const std::byte> frame, bool is_key);

  // Writes the rest and puts the file in its place. Throws IoError, UsageError as AtomicFile.
  void finish();

 private:
  uint64_t milliseconds(int64_t frame) const;
  int64_t in_segment() const;  // the place where the next element goes, as Cues count it
  void write(std::string_view element) { file_.write(element); }
  void overwrite(int64_t offset, std::string_view bytes);
  void write_head(const Track& track);
  void write_cluster();

  double fps_;
  AtomicFile file_;
  int64_t segment_ = 0;    // offset of the first byte of its content
  int64_t seek_cues_ = 0;  // offset of the entry for Cues in SeekHead
  int64_t duration_ = 0;   // offset of the element
  int64_t frames_ = 0;
  uint64_t cluster_start_ = 0;  // milliseconds
  std::string blocks_;          // of the open cluster
  std::string cues_;
};

}  // namespace pg
