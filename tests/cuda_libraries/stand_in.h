// stand_in.h: what cuDNN and cuBLASLt are surrounded by, in host memory: a runtime whose device is
// the host, and the project's own launchers by the CPU backend.
#pragma once

namespace pg::test {

// Whether the stand-in's streams say that they are being captured.
void set_capturing(bool capturing);

}  // namespace pg::test
