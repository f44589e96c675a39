// built_source.h: a built data set seen as a source of images again, for checks.
#pragma once

#include <filesystem>
#include <memory>

#include "data/sources/source.h"

namespace pg {

// The images of the finest level. Not part of open_source, since no data set is built from another.
// Throws as Dataset.
std::unique_ptr<ImageSource> open_built_source(const std::filesystem::path& folder);

}  // namespace pg
