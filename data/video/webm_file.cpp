// webm_file.cpp: the elements of WebM that players need; identifiers are those of Matroska.
#include "data/video/webm_file.h"

#include <cmath>

#include "data/formats/own_file.h"
#include "data/video/ebml.h"
#include "kernels/error.h"

namespace pg {
namespace {

using ebml::Bytes, ebml::element, ebml::number, ebml::real;

constexpr uint32_t kEbml = 0x1A45DFA3, kEbmlVersion = 0x4286, kEbmlReadVersion = 0x42F7,
                   kMaxIdLength = 0x42F2, kMaxSizeLength = 0x42F3, kDocType = 0x4282,
                   kDocTypeVersion = 0x4287, kDocTypeReadVersion = 0x4285;
constexpr uint32_t kSegment = 0x18538067, kSeekHead = 0x114D9B74, kSeek = 0x4DBB, kSeekId = 0x53AB,
                   kSeekPosition = 0x53AC, kVoid = 0xEC;
constexpr uint32_t kInfo = 0x1549A966, kTimestampScale = 0x2AD7B1, kDuration = 0x4489,
                   kMuxingApp = 0x4D80, kWritingApp = 0x5741;
constexpr uint32_t kTracks = 0x1654AE6B, kTrackEntry = 0xAE, kTrackNumber = 0xD7,
                   kTrackUid = 0x73C5, kTrackType = 0x83, kFlagLacing = 0x9C, kCodecId = 0x86,
                   kVideo = 0xE0, kPixelWidth = 0xB0, kPixelHeight = 0xBA,
                   kDefaultDuration = 0x23E383;
constexpr uint32_t kColour = 0x55B0, kMatrix = 0x55B1, kTransfer = 0x55BA, kPrimaries = 0x55BB,
                   kRange = 0x55B9;
constexpr uint32_t kCluster = 0x1F43B675, kTimestamp = 0xE7, kSimpleBlock = 0xA3;
constexpr uint32_t kCues = 0x1C53BB6B, kCuePoint = 0xBB, kCueTime = 0xB3, kCueTrackPositions = 0xB7,
                   kCueTrack = 0xF7, kCueClusterPosition = 0xF1;

constexpr uint64_t kNanosecondsPerTick = 1'000'000;
constexpr uint64_t kLongestCluster = 30000;  // ms; blocks have 16 bits with a sign for their time

Bytes ebml_header() {
  return element(kEbml, number(kEbmlVersion, 1) + number(kEbmlReadVersion, 1) +
                            number(kMaxIdLength, 4) + number(kMaxSizeLength, 8) +
                            element(kDocType, "webm") + number(kDocTypeVersion, 4) +
                            number(kDocTypeReadVersion, 2));
}

Bytes track_entry(const WebmFile::Track& track) {
  constexpr uint64_t kBt709 = 1, kStudio = 1, kIsVideo = 1;
  const Bytes colour = element(kColour, number(kMatrix, kBt709) + number(kTransfer, kBt709) +
                                            number(kPrimaries, kBt709) + number(kRange, kStudio));
  const Bytes video =
      element(kVideo, number(kPixelWidth, static_cast<uint64_t>(track.width)) +
                          number(kPixelHeight, static_cast<uint64_t>(track.height)) + colour);
  const auto each = static_cast<uint64_t>(std::llround(1e9 / track.fps));
  return element(kTrackEntry, number(kTrackNumber, 1) + number(kTrackUid, 1) +
                                  number(kTrackType, kIsVideo) + number(kFlagLacing, 0) +
                                  number(kDefaultDuration, each) + element(kCodecId, "V_VP9") +
                                  video);
}

Bytes seek_entry(uint32_t id, int64_t position) {
  return element(kSeek, element(kSeekId, ebml::identifier(id)) +
                            number(kSeekPosition, static_cast<uint64_t>(position)));
}

const size_t kDurationBytes = real(kDuration, 0.0).size();

// Fills the place of an element of so many bytes, identifier and size included, until it is known.
Bytes filler(size_t bytes) {
  return element(kVoid, Bytes(bytes - element(kVoid, "").size(), '\0'));
}

}  // namespace

WebmFile::WebmFile(const OutputPath& to, const Track& track) : fps_(track.fps), file_(to) {
  PG_ASSERT(track.height > 0 && track.width > 0 && track.fps > 0.0);
  write_head(track);
}

void WebmFile::write_head(const Track& track) {
  write(ebml_header());
  write(ebml::identifier(kSegment) + ebml::unknown_size());
  segment_ = file_.size();
  const Bytes info_start = number(kTimestampScale, kNanosecondsPerTick) +
                           element(kMuxingApp, kOwnName) + element(kWritingApp, kOwnName);
  const Bytes info = element(kInfo, info_start + filler(kDurationBytes));
  const auto entry = static_cast<int64_t>(seek_entry(kInfo, 0).size());
  const int64_t head = static_cast<int64_t>(element(kSeekHead, "").size()) + 3 * entry;
  const int64_t tracks = head + static_cast<int64_t>(info.size());
  write(element(kSeekHead, seek_entry(kInfo, head) + seek_entry(kTracks, tracks) +
                               filler(static_cast<size_t>(entry))));
  PG_ASSERT(in_segment() == head);
  seek_cues_ = file_.size() - entry;
  write(info);
  duration_ = file_.size() - static_cast<int64_t>(kDurationBytes);
  write(element(kTracks, track_entry(track)));
}

uint64_t WebmFile::milliseconds(int64_t frame) const {
  return static_cast<uint64_t>(std::llround(static_cast<double>(frame) * 1000.0 / fps_));
}

int64_t WebmFile::in_segment() const { return file_.size() - segment_; }

void WebmFile::overwrite(int64_t offset, std::string_view bytes) {
  file_.overwrite(offset, bytes_of(bytes));
}

void WebmFile::add(std::span<const std::byte> frame, bool is_key) {
  PG_ASSERT(is_key || frames_ > 0);
  constexpr unsigned char kFirstTrack = 0x81, kKeyFrame = 0x80;
  const uint64_t time = milliseconds(frames_);
  if (!blocks_.empty() && (is_key || time - cluster_start_ > kLongestCluster)) write_cluster();
  if (blocks_.empty()) {
    cluster_start_ = time;
    if (is_key) {
      const Bytes place =
          number(kCueTrack, 1) + number(kCueClusterPosition, static_cast<uint64_t>(in_segment()));
      cues_ += element(kCuePoint, number(kCueTime, time) + element(kCueTrackPositions, place));
    }
  }
  Bytes block(1, static_cast<char>(kFirstTrack));
  block += ebml::big_endian(time - cluster_start_, 2);
  block += static_cast<char>(is_key ? kKeyFrame : 0);
  block.append(reinterpret_cast<const char*>(frame.data()), frame.size());
  blocks_ += element(kSimpleBlock, block);
  ++frames_;
}

void WebmFile::write_cluster() {
  write(element(kCluster, number(kTimestamp, cluster_start_) + blocks_));
  blocks_.clear();
}

void WebmFile::finish() {
  if (!blocks_.empty()) write_cluster();
  const int64_t cues = in_segment();
  write(element(kCues, cues_));
  write(own_mark(OwnMark::matroska));
  overwrite(seek_cues_, seek_entry(kCues, cues));
  overwrite(duration_, real(kDuration, static_cast<double>(frames_) * 1000.0 / fps_));
  overwrite(segment_ - static_cast<int64_t>(ebml::kSizeBytes),
            ebml::size_field(static_cast<uint64_t>(in_segment())));
  file_.commit();
}

}  // namespace pg
