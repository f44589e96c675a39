// reached.h: how far the networks of a checkpoint were trained.
#pragma once

#include <string>

#include "data/formats/safetensors.h"
#include "model/config/schedule.h"
#include "model/run/network_file.h"

namespace pg {

// "8x8", "8x8 fading (weight 0.25)".
std::string fade_text(const Fade& fade);

struct Reached {
  Fade fade;  // with which the run generated its own images (fakes*.png) then
  int64_t images_shown = 0;
  int64_t final_resolution = 4;  // of the run

  bool complete() const { return fade.resolution == final_resolution && !fade.fading(); }
};

// Of an open checkpoint, or of an exported network (as if it were complete, if an earlier version
// wrote it), and its configuration. Throws FormatError if its counters are damaged.
Reached reached_by(const Safetensors& checkpoint, const Config& config);

// The position of an open checkpoint or exported network; none if an earlier version exported it.
std::optional<ExportedPosition> position_of(const Safetensors& checkpoint);

// The fade at which to generate at `resolution`; 0: that of `reached`. Lower resolutions are
// stable. Throws UsageError, naming `option`, if it is not a resolution or was not trained yet.
Fade fade_to_generate(const Reached& reached, int64_t resolution, const char* option);

}  // namespace pg
