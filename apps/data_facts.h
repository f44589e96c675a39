// data_facts.h: the images of a run as far as they are known before a data set is built.
#pragma once

#include "model/config/config.h"

namespace pg::apps {

struct DataFacts {
  DataShape shape;
  int64_t to_build = 0;  // images of a data set that does not exist yet
};

// Of data.path, without looking for a cached data set: with model.resolution = 0, the resolution is
// the one that the images have. Else as data_facts.
DataShape data_shape(const Config& config);

// Of data.path, or of the settings alone if it is empty. Throws UsageError if neither gives a
// resolution, and as open_source.
DataFacts data_facts(const Config& config);

}  // namespace pg::apps
