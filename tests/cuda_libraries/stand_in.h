// stand_in.h: the surroundings of cuDNN and cuBLASLt in host memory: a CUDA runtime with the host
// as its device, and the project's launchers on the CPU backend.
#pragma once

namespace pg::test {

// Sets whether the stand-in's streams report a capture.
void set_capturing(bool capturing);

}  // namespace pg::test
