// autotune.cpp: the choice and its file of lines "<candidates> <index> <key>"; others are ignored.
#include "kernels/cuda/autotune/autotune.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "kernels/error.h"

namespace pg::cuda {
namespace {

// Increase it when the meaning of a candidate's index changes for any kernel, or how it is timed.
constexpr const char* kProgramVersion = "2";
constexpr int kTimings = 3;

double median_seconds(TrialTimer& timer, const std::function<void()>& work) {
  work();  // warm-up: code is loaded, memory allocated
  std::array<double, kTimings> seconds{};
  for (double& s : seconds) s = timer.seconds(work);
  std::sort(seconds.begin(), seconds.end());
  return seconds[kTimings / 2];
}

}  // namespace

Autotuner::Autotuner(Autotune mode, std::unique_ptr<TrialTimer> timer, std::string path)
    : mode_(mode), timer_(std::move(timer)), path_(std::move(path)) {
  PG_ASSERT(mode_ == Autotune::off || timer_ != nullptr);
  if (mode_ == Autotune::on) choices_ = read(path_);
}

const Autotuner::Choice* Autotuner::known(const std::string& key, int candidates) const {
  const auto found = choices_.find(key);
  if (found == choices_.end() || found->second.candidates != candidates) return nullptr;
  return &found->second;
}

bool Autotuner::would_time(const std::string& key, int candidates) {
  return mode_ == Autotune::on && candidates > 1 && known(key, candidates) == nullptr &&
         timer_->ready();
}

int Autotuner::choose(const std::string& key, int candidates, const std::function<void(int)>& run) {
  PG_ASSERT(candidates > 0 && key.find('\n') == std::string::npos);
  if (mode_ == Autotune::off) return 0;
  if (const Choice* choice = known(key, candidates)) return choice->index;
  if (!would_time(key, candidates)) return 0;
  int best = 0;
  double least = 0.0;
  for (int i = 0; i < candidates; ++i) {
    const double seconds = median_seconds(*timer_, [&] { run(i); });
    if (i > 0 && seconds >= least) continue;
    best = i;
    least = seconds;
  }
  choices_[key] = {candidates, best};
  write();
  return best;
}

Autotuner::Choices Autotuner::read(const std::string& path) {
  Choices choices;
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return choices;  // a FIFO would block
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    Choice choice;
    std::string key;
    if (!(fields >> choice.candidates >> choice.index) || fields.get() != ' ') continue;
    if (!std::getline(fields, key) || key.empty()) continue;
    if (choice.index < 0 || choice.index >= choice.candidates) continue;
    choices[key] = choice;
  }
  return choices;
}

// Keeps choices of other keys that another program has written since. Readers see the old file or
// the new one, never a partial one. The file only saves time, so failing to write it is not an
// error.
void Autotuner::write() const {
  if (path_.empty()) return;
  Choices all = read(path_);
  for (const auto& [key, choice] : choices_) all[key] = choice;
  std::string text;
  for (const auto& [key, choice] : all) {
    text += message(choice.candidates, ' ', choice.index, ' ', key, '\n');
  }
  namespace fs = std::filesystem;
  std::error_code ignored;
  fs::create_directories(fs::path(path_).parent_path(), ignored);
  // A symbolic link keeps leading to the file; anything but a file is left alone.
  fs::path target = path_;
  constexpr int kMostLinks = 40;  // as the kernel
  for (int i = 0; i < kMostLinks && fs::is_symlink(target, ignored); ++i) {
    target = target.parent_path() / fs::read_symlink(target, ignored);
  }
  if (fs::exists(target, ignored) && !fs::is_regular_file(target, ignored)) return;
  // A name that no other program has, even one with the same process number in another container.
  std::string unfinished = target.string() + ".XXXXXX";
  const int file = ::mkostemp(unfinished.data(), O_CLOEXEC);
  if (file < 0) return;
  bool complete = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  complete = ::fchmod(file, 0644) == 0 && complete;
  complete = ::close(file) == 0 && complete;
  if (complete) complete = ::rename(unfinished.c_str(), target.c_str()) == 0;
  if (!complete) ::unlink(unfinished.c_str());
}

std::string autotune_path(const AutotuneFile& file) {
  const auto value = [](const char* name) -> std::string {
    const char* text = std::getenv(name);
    return text == nullptr ? "" : text;
  };
  std::string folder = value("XDG_CACHE_HOME");
  if (folder.empty() && !value("HOME").empty()) folder = value("HOME") + "/.cache";
  if (folder.empty()) return "";
  std::string name =
      message("autotune-", file.device, "-", file.driver, "-", file.runtime, "-", kProgramVersion);
  for (char& c : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-';
    if (!plain) c = '_';
  }
  return folder + "/progan_cuda/" + name + ".txt";
}

}  // namespace pg::cuda
