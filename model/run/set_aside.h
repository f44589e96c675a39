// set_aside.h: files that a run no longer uses, kept under other names.
//
// A run that continues from an earlier checkpoint no longer uses what it wrote after it, but
// somebody may: "superseded-NAME", then "superseded-2-NAME", and so on.
#pragma once

#include <string_view>
#include <vector>

#include "model/run/checkpoint_list.h"

namespace pg {

inline constexpr const char* kSetAside = "superseded-";

// Renames `file` of a run; never replaces another one. Returns its new path. Throws IoError.
std::filesystem::path set_aside(const std::filesystem::path& file);

// Writes `text` as if `file` held it and were set aside. Returns the path. Throws IoError.
std::filesystem::path set_aside_text(const std::filesystem::path& file, std::string_view text);

// The checkpoints after `position`, by images and iterations. Throws as list_checkpoints.
std::vector<std::filesystem::path> checkpoints_after(const RunFolder& run,
                                                     const CheckpointHeader& position);

// Sets these aside. Returns their former paths. Throws IoError.
std::vector<std::filesystem::path> set_aside_after(const RunFolder& run,
                                                   const CheckpointHeader& position);

}  // namespace pg
