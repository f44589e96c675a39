// vp9_encoder.h: VP9 by libvpx, at constant quality.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "data/video/frame.h"

namespace pg {

// A compressed frame, in the order in which they are shown.
struct Vp9Packet {
  std::span<const std::byte> bytes;  // valid during the call that passes it
  bool is_key = false;
};

// The bytes depend on the frames and on libvpx alone, not on the number of threads. A key frame at
// the start, at cuts, and at least every 30 frames. Memory: a few dozen frames.
class Vp9Encoder {
 public:
  using Sink = std::function<void(const Vp9Packet&)>;

  // Throws UsageError for extents above 16384 or odd ones, Error if libvpx cannot encode.
  Vp9Encoder(int64_t height, int64_t width, double fps, int threads, Sink sink);
  ~Vp9Encoder();
  Vp9Encoder(const Vp9Encoder&) = delete;
  Vp9Encoder& operator=(const Vp9Encoder&) = delete;

  // Both pass finished frames to the sink; finish() passes all that are left. Throw Error.
  void add(const I420& frame);
  void finish();

 private:
  struct Codec;
  bool take_packets();

  std::unique_ptr<Codec> codec_;
  Sink sink_;
  int64_t frames_ = 0;
};

}  // namespace pg
