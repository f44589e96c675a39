// stats.h: stats.jsonl, one JSON object a line, each with "kimg".
//
// Each line is one write(), so a crash loses the last line at most. A line that does not fit on the
// disk is kept in memory and retried; a deleted file is written again. Lines of other programs are
// never removed.
#pragma once

#include <filesystem>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "model/run/append_file.h"

namespace pg {

class StatsFile {
 public:
  // Opens for appending and removes an incomplete last line. Throws IoError, and FormatError if the
  // file holds something else than statistics of a run (check_stats).
  explicit StatsFile(std::filesystem::path path);

  // NaN and infinity become null, as JSON has no number for them. After an IoError the file still
  // ends with a complete line, and the next successful call writes this line too. True if the file
  // had been deleted: all its lines are written again.
  bool append(const nlohmann::ordered_json& line);

  // Writes and syncs all lines to the disk. True as for append. Throws IoError.
  bool sync();

 private:
  bool flush();

  AppendFile file_;
  std::string written_, unwritten_;
};

// The complete lines that hold JSON objects; none if the file does not exist. Throws IoError.
std::vector<std::string> read_stats(const std::filesystem::path& path);

// Seconds of training by the lines up to `last_kimg`; 0 if there are none. The tick in which a
// checkpoint was written ended later and does not count. Throws IoError.
double seconds_trained(const std::filesystem::path& path,
                       double last_kimg = std::numeric_limits<double>::infinity());

// The first line of a run that continues another one as a new run: the name of the folder of that
// one, and how far and how long it was trained.
nlohmann::ordered_json continued_line(const std::string& folder, double kimg, double seconds);

// False if the file holds lines, but none with a "kimg": another program's. Throws IoError.
bool is_stats(const std::filesystem::path& path);

// Before resuming from a checkpoint: removes the lines with kimg > last_kimg, so no image is
// counted twice, and keeps all others, whatever they hold. Returns the removed ones. Throws
// IoError, and FormatError unless is_stats.
std::string cut_stats(const std::filesystem::path& path, double last_kimg);

// The lines that cut_stats would remove.
std::string stats_after(const std::filesystem::path& path, double last_kimg);

}  // namespace pg
