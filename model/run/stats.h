// stats.h: stats.jsonl, one JSON object a line, each with "kimg".
//
// A line reaches the file by one write(), so that a crash costs the last line at most; a line that
// did not fit on the disk is kept in memory until it does.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace pg {

class StatsFile {
 public:
  // Opens for appending and cuts off a last line that was not finished. Throws IoError.
  explicit StatsFile(std::filesystem::path path);
  ~StatsFile();
  StatsFile(const StatsFile&) = delete;
  StatsFile& operator=(const StatsFile&) = delete;

  // Not-a-number and infinity become null, which is all that JSON has for them. Throws IoError; the
  // file then ends with a whole line, and this one goes with the next call that succeeds.
  void append(const nlohmann::ordered_json& line);

  // Brings all lines to the disk. Throws IoError.
  void sync();

 private:
  void flush();

  std::filesystem::path path_;
  std::string unwritten_;
  int fd_ = -1;
};

// The finished lines that hold JSON objects; none where there is no such file. Throws IoError.
std::vector<std::string> read_stats(const std::filesystem::path& path);

// Before going on from a checkpoint: keeps the whole lines with kimg <= last_kimg (and those
// without a kimg), so that no image is told of twice. Throws IoError.
void cut_stats(const std::filesystem::path& path, double last_kimg);

}  // namespace pg
