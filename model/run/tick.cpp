// tick.cpp: the fields of a line of stats.jsonl.
#include "model/run/tick.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "model/config/suggest.h"

namespace pg {

bool Tick::stats_due() const {
  constexpr std::chrono::milliseconds kInterval{200};
  return stats_.iterations == 0 || Clock::now() - stats_read_ > kInterval;
}

void Tick::set_stats(const TrainingStats& stats) {
  stats_ = stats;
  stats_read_ = Clock::now();
}

nlohmann::ordered_json Tick::line(const TrainingCounters& c, const SchedulePoint& p,
                                  int64_t memory_bytes) const {
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  const TrainingStats& s = stats_;
  return {{"kimg", kimg_of(c.images_shown)},
          {"stage", stage_name(p.fade)},
          {"resolution", p.fade.resolution},
          {"lod", p.lod},
          {"alpha", p.fade.alpha},
          {"minibatch", p.minibatch},
          {"d_loss", s.d_loss},
          {"g_loss", s.g_loss},
          {"real_score", s.real_score},
          {"fake_score", s.fake_score},
          {"penalty", s.penalty},
          {"gradient_norm", s.gradient_norm},
          {"d_weight_gradient_norm", s.d_weight_gradient_norm},
          {"g_weight_gradient_norm", s.g_weight_gradient_norm},
          {"skipped_steps", s.d_skipped + s.g_skipped},
          {"timing",
           {{"images_per_second", static_cast<double>(images_) / seconds},
            {"seconds", seconds},
            {"memory_mb", static_cast<double>(memory_bytes) / 1e6}}}};
}

void Tick::check_statistic(const std::string& statistic) {
  std::vector<std::string> numbers;
  const nlohmann::ordered_json line = Tick().line({}, {}, 0);
  for (const auto& [key, value] : line.items()) {
    if (value.is_number()) numbers.push_back(key);
  }
  const auto found = std::find(numbers.begin(), numbers.end(), statistic);
  if (statistic.empty() || found != numbers.end()) return;
  const std::string nearest = nearest_name(statistic, numbers);
  throw UsageError(message("checkpoint.best_of: unknown statistic '", statistic,
                           "': expected a number in stats.jsonl",
                           nearest.empty() ? "" : message("; did you mean '", nearest, "'?")));
}

}  // namespace pg
