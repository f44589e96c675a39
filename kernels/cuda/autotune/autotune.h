// autotune.h: chooses the fastest of several candidates, measured once and stored in a file.
//
// The fastest may differ between machines, and candidates may sum in different orders: with the
// autotuner on, results have the same bits only with the same file of choices. Off, the first
// candidate is always used and nothing depends on a clock.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace pg::cuda {

// Measures time on the device.
class TrialTimer {
 public:
  virtual ~TrialTimer() = default;
  // Whether work may be timed now (not while a graph is captured).
  virtual bool ready() = 0;
  // Seconds on the device that one call of `work` queues; may call it several times, and waits.
  virtual double seconds(const std::function<void()>& work) = 0;
};

enum class Autotune : uint8_t { off, on };

class Autotuner {
 public:
  // path: the file of choices, read now and replaced after each new choice; empty: no file. A file
  // that cannot be read or written is ignored. timer: required if mode is on.
  Autotuner(Autotune mode, std::unique_ptr<TrialTimer> timer, std::string path);

  // The index of the candidate to use for `key` (one line of text). For a new key or number of
  // candidates, each candidate runs once to warm up and is timed three times; the lowest median
  // wins. 0 if the autotuner is off, or if nothing is known and nothing may be timed now. run(i)
  // must be repeatable: it may not add to its result.
  int choose(const std::string& key, int candidates, const std::function<void(int)>& run);

  // Whether choose() would time, for callers that then allocate memory for run().
  bool would_time(const std::string& key, int candidates);

 private:
  struct Choice {
    int candidates = 0, index = 0;
  };
  using Choices = std::map<std::string, Choice>;

  const Choice* known(const std::string& key, int candidates) const;
  static Choices read(const std::string& path);
  void write() const;

  Autotune mode_;
  std::unique_ptr<TrialTimer> timer_;
  std::string path_;
  Choices choices_;
};

// $XDG_CACHE_HOME/progan_cuda/autotune-<device>-<driver>-<runtime>-<program>.txt (in ~/.cache if
// XDG_CACHE_HOME is not set). The name contains everything that may change which candidate is
// fastest. Empty if neither variable names a folder.
struct AutotuneFile {
  std::string device;   // "NVIDIA H200"
  std::string driver;   // version
  std::string runtime;  // version of the CUDA runtime and of the libraries in use
};
std::string autotune_path(const AutotuneFile& file);

}  // namespace pg::cuda
