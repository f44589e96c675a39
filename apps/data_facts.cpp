// data_facts.cpp: a built data set, its source, or settings.
#include "apps/data_facts.h"

#include "apps/run_options.h"
#include "apps/slow_note.h"
#include "apps/train_data.h"
#include "data/sources/dataset_json.h"
#include "kernels/error.h"

namespace pg::apps {

namespace {

DataShape shape_of(const Dataset& built) {
  return {.resolution = built.max_resolution(),
          .channels = built.channels(),
          .images = built.count(),
          .labels = built.label_count()};
}

DataShape shape_of_settings(const Config& c) {
  PG_CHECK(c.model.resolution > 0, UsageError,
           "the size of the images is unknown; give --resolution or --data");
  return {.resolution = c.model.resolution,
          .channels = c.model.channels == 0 ? 3 : c.model.channels,
          .images = c.data.images,
          .labels = c.model.label_size};
}

}  // namespace

DataShape data_shape(const Config& c) {
  if (c.data.path.empty()) return shape_of_settings(c);
  const std::string place = data_place(c.data);
  if (is_dataset_folder(place)) return shape_of(Dataset(place));
  const SlowNote slow(looking_for_images(place));
  const auto source = open_source(place);
  const BuildOptions build = resolve_options(*source, data_options(c).build);
  return {.resolution = build.resolution,
          .channels = build.channels,
          .images = source->count(),
          .labels = static_cast<int64_t>(source->label_names().size())};
}

DataFacts data_facts(const Config& c) {
  if (c.data.path.empty()) return {.shape = shape_of_settings(c)};
  if (const auto built = find_built(data_place(c.data), data_options(c))) {
    return {.shape = shape_of(*built)};
  }
  const DataShape shape = data_shape(c);
  return {.shape = shape, .to_build = shape.images};
}

}  // namespace pg::apps
