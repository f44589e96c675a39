// stats.h: stats.jsonl, one JSON object a line, each with "kimg".
//
// Each line is one write(), so a crash loses the last line at most. A line that does not fit on the
// disk is kept in memory and retried.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace pg {

class StatsFile {
 public:
  // Opens for appending and removes an incomplete last line. Throws IoError.
  explicit StatsFile(std::filesystem::path path);
  ~StatsFile();
  StatsFile(const StatsFile&) = delete;
  StatsFile& operator=(const StatsFile&) = delete;

  // NaN and infinity become null, as JSON has no number for them. After an IoError the file still
  // ends with a complete line, and the next successful call writes this line too.
  void append(const nlohmann::ordered_json& line);

  // Writes and syncs all lines to the disk. Throws IoError.
  void sync();

 private:
  void flush();

  std::filesystem::path path_;
  std::string unwritten_;
  int fd_ = -1;
};

// The complete lines that hold JSON objects; none if the file does not exist. Throws IoError.
std::vector<std::string> read_stats(const std::filesystem::path& path);

// Before resuming from a checkpoint: keeps complete lines with kimg <= last_kimg (and those without
// a kimg), so no image is counted twice. Throws IoError.
void cut_stats(const std::filesystem::path& path, double last_kimg);

}  // namespace pg
