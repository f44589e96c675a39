// option_values.h: values and help texts of options that several commands share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/config/grid_size.h"

namespace pg::apps {

inline constexpr const char* kFromHelp =
    "run folder, run number in runs/, checkpoint or export (.safetensors)";
inline constexpr const char* kClassHelp =
    "class of all images: its name, or its number from 0 (a name wins; info lists them)";
inline constexpr const char* kDeviceHelp =
    "auto (a GPU if one is available), cpu, cuda or cuda:I (default: auto)";
inline constexpr const char* kThreadsHelp = "CPU threads (default: all cores)";
inline constexpr const char* kSourceHelp =
    "folder or zip of images (sub-folders are classes), MNIST-like idx file or its folder, "
    "CIFAR-10 "
    ".bin file or its folder, TFRecords file or its folder, LMDB folder, or builtin:shapes[:COUNT]";
inline constexpr const char* kFitHelp =
    "how images become square: crop to the centre, pad with zeros, or stretch; auto pads idx files "
    "and crops everything else (default: auto)";

// "0-63", "1,5,9", "0-3,10": seeds in the given order, at most a million. Throws UsageError.
std::vector<uint64_t> parse_seeds(const std::string& text);

// "8x8", the value of --grid. Throws UsageError.
GridSize grid_option(const std::string& text);

}  // namespace pg::apps
