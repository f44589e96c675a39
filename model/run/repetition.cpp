// repetition.cpp: a training loop without files.
#include "model/run/repetition.h"

#include "model/networks/latents.h"
#include "model/networks/samples.h"
#include "model/run/course.h"
#include "model/training/gan_health.h"

namespace pg {
namespace {

void iterate(Course& course, const std::function<void(int64_t)>& before) {
  before(course.counters().iterations + 1);
  if (course.turn_due()) course.take(course.next_turn());
  course.iterate(course.images());
}

void look_at(Context& context, const Config& config, const Course& course) {
  const Gan& gan = course.gan();
  gan.stats().sums();
  if (first_bad_weight(gan.state()).empty()) first_bad_moment(gan.state());
  const GridSize grid = image_grid(config);
  const auto seed = static_cast<uint64_t>(config.train.seed);
  const Tensor latents = seeded_latents(context, config, seed, grid.rows * grid.columns);
  const Tensor labels = grid_labels(context, config, grid.rows, grid.columns);
  sample_grid(gan.state().generator, gan.state().ema, latents, labels,
              sample_options(config, course.point().fade));
}

}  // namespace

Repeated repeat_iterations(Context& context, const Config& config, const Dataset& dataset,
                           const FailedIteration& failed, std::chrono::milliseconds limit,
                           const std::function<void(int64_t)>& before) {
  using Clock = std::chrono::steady_clock;
  Course course(context, config, dataset);
  if (!failed.checkpoint.empty()) {
    course.load(failed.checkpoint);
    course.gan().state().choose_random_stream(course.counters().rollbacks);
  }
  const Clock::time_point end = Clock::now() + limit;
  Repeated repeated = Repeated::whole;
  while (course.counters().iterations < failed.iteration) {
    if (Clock::now() >= end) {
      repeated = Repeated::one;
      course.jump(failed.images_shown, failed.data_position);
      iterate(course, before);
      break;
    }
    iterate(course, before);
    context.backend().synchronize();
  }
  look_at(context, config, course);
  return repeated;
}

}  // namespace pg
