// run_table.cpp: the table, and the line on how to get more.
#include "apps/run_table.h"

#include <chrono>
#include <cmath>
#include <ctime>

#include "apps/print.h"
#include "kernels/error.h"
#include "model/config/bytes.h"
#include "model/config/config_names.h"
#include "model/config/format.h"
#include "model/plan/disk.h"
#include "model/plan/warnings.h"

namespace pg::apps {
namespace {

using Clock = std::chrono::system_clock;

std::string local_time(std::time_t time, const char* format) {
  std::tm parts{};
  ::localtime_r(&time, &parts);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, format, &parts));
}

// "14:02" today, else with the date.
std::string end_time(double seconds_from_now) {
  constexpr double kCentury = 36525.0 * 24.0 * 3600.0;
  if (!(seconds_from_now < kCentury)) return "?";
  const std::time_t now = Clock::to_time_t(Clock::now());
  const std::time_t then = now + std::llround(seconds_from_now);
  constexpr const char* kDate = "%Y-%m-%d";
  const bool today = local_time(now, kDate) == local_time(then, kDate);
  return local_time(then, today ? "%H:%M" : "%Y-%m-%d %H:%M");
}

struct Part {
  int64_t images = 0;
  double seconds = 0.0;  // 0: unknown
};

Part part_of(const RunOutlook& run, int64_t resolution) {
  Part part;
  for (const Stage& stage : stages(run.config)) {
    if (stage.resolution != resolution || stage.end <= run.first_image) continue;
    part.images += stage.end - std::max(stage.first, run.first_image);
  }
  const double rate = images_per_second(run.speed, run.config.model, resolution);
  if (rate > 0.0) part.seconds = static_cast<double>(part.images) / rate;
  return part;
}

// From first_image on; 0: unknown.
double seconds_left(const RunOutlook& run) {
  double seconds = 0.0;
  for (int64_t r = kMinResolution; r <= run.config.model.resolution; r *= 2) {
    seconds += part_of(run, r).seconds;
  }
  return seconds;
}

void print_choice(const RunOutlook& run) {
  const Config& c = run.config;
  const int64_t r = c.model.resolution;
  const bool continues = run.first_image > 0;
  note("\n{}: {}x{}, at most {} feature maps, {} {}images",
       continues ? std::string("new run") : message("recipe ", name_of(c.train.recipe)), r, r,
       std::min(c.model.fmap_max, fmaps(c.model, 1)),
       format_count(static_cast<double>(total_images(c) - run.first_image)),
       continues ? "more " : "");
  const double seconds = seconds_left(run);
  if (seconds > 0.0) note(", about {} on this device", format_duration(seconds));
  note("\n\n");
}

void print_advice(const RunOutlook& run) {
  const Config& c = run.config;
  const int64_t r = c.model.resolution;
  if (c.train.recipe == Recipe::official) {
    note("--recipe auto chooses network and schedule for these images and this device\n");
  } else if (r < run.data_resolution) {
    note(
        "for better images: --hours N trains longer and larger; --resolution {} shows more detail "
        "(the images have {}x{})\n",
        2 * r, run.data_resolution, run.data_resolution);
  } else {
    note("for better images: --hours N trains longer and, where it pays, a larger network\n");
  }
  note("\n");
}

}  // namespace

void print_run_table(const RunOutlook& run) {
  print_choice(run);
  const bool known = !run.speed.images_per_second.empty();
  note("{:<12} {:>8} {:>9} {:>10}  {}\n", "stage", "images", "time", "memory", "ends at");
  double seconds = 0.0;
  for (const ResolutionMemory& m : run.memory) {
    const Part part = part_of(run, m.resolution);
    if (part.images <= (run.first_image > 0 ? 1 : 0)) continue;  // a fade starts one image later
    seconds += part.seconds;
    const bool measured = run.speed.images_per_second.contains(m.resolution);
    const std::string time =
        known ? message(measured ? "" : "~", format_duration(part.seconds)) : message("unknown");
    note("{:<12} {:>8} {:>9} {:>10}  {}\n", message(m.resolution, "x", m.resolution),
         format_count(static_cast<double>(part.images)), time, format_bytes(m.total()),
         known ? end_time(seconds) : std::string("unknown"));
  }
  run.first_image > 0 ? note("\n") : print_advice(run);
}

void print_warnings(const RunOutlook& run) {
  std::vector<std::string> warnings = run_warnings(run.config, seconds_left(run));
  const std::string disk = disk_warning(run.config, free_disk(run.config.train.out));
  if (!disk.empty()) warnings.push_back(disk);
  for (const std::string& warning : warnings) note("warning: {}\n", warning);
}

}  // namespace pg::apps
