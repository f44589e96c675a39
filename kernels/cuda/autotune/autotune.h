// autotune.h: the fastest of several ways to compute the same thing, measured once and remembered.
//
// Which one is fastest may differ between machines, and ways may sum in another order: with the
// autotuner on, results have the same bits only where the same file of choices is used. Off, the
// first way is always taken and nothing depends on a clock.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace pg::cuda {

// How long something takes on the device.
class TrialTimer {
 public:
  virtual ~TrialTimer() = default;
  // Whether work may be timed now (not while a graph is captured).
  virtual bool ready() = 0;
  // Seconds from the start to the end of what `work` queues; waits for it.
  virtual double seconds(const std::function<void()>& work) = 0;
};

enum class Autotune : uint8_t { off, on };

class Autotuner {
 public:
  // path: the file of choices, read now and replaced after each new one; empty: no file. A file
  // that cannot be read or written is none. timer is needed where mode is on.
  Autotuner(Autotune mode, std::unique_ptr<TrialTimer> timer, std::string path);

  // The index, below `candidates`, of the way to take for `key` (one line of text). The first time
  // a key is seen with this number of candidates, each is run once to warm up and three times to be
  // timed, and the least median wins. 0 where it is off, or where nothing may be timed now and
  // nothing is known. run(i) must be repeatable: it may not add to its result.
  int choose(const std::string& key, int candidates, const std::function<void(int)>& run);

  // Whether choose() would time: the caller may have to set up memory for run().
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

// $XDG_CACHE_HOME/progan_cuda/autotune-<device>-<driver>-<runtime>-<program>.txt (of ~/.cache where
// XDG_CACHE_HOME is not set), a name that changes with everything that may change what is fastest.
// Empty if the system names no such folder.
struct AutotuneFile {
  std::string device;   // "NVIDIA H200"
  std::string driver;   // version
  std::string runtime;  // version of the CUDA runtime and of the libraries in use
};
std::string autotune_path(const AutotuneFile& file);

}  // namespace pg::cuda
