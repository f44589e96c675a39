// timing_backend.h: a backend that forwards every call to another one and adds up the time of each
// kernel. It waits after each call: calls never overlap.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "kernels/backend.h"

namespace pg {

class TimingBackend : public Backend {
 public:
  explicit TimingBackend(Backend& inner) : inner_(inner) {}

  struct Entry {
    double seconds = 0;
    int64_t calls = 0;
  };
  const std::map<std::string, Entry>& entries() const { return entries_; }
  void clear() { entries_.clear(); }

  const char* name() const override { return inner_.name(); }
  std::string description() const override { return inner_.description(); }
  void* allocate(int64_t bytes) override { return inner_.allocate(bytes); }
  void release(void* p) noexcept override { inner_.release(p); }
  void upload(TensorView dst, const void* src) override {
    timed("upload", [&] { inner_.upload(dst, src); });
  }
  void download(void* dst, ConstTensorView src) override {
    timed("download", [&] { inner_.download(dst, src); });
  }
  void copy(TensorView dst, ConstTensorView src) override {
    timed("copy", [&] { inner_.copy(dst, src); });
  }
  void synchronize() override { inner_.synchronize(); }

#define PG_KERNEL(kernel, Args)                                \
  void kernel(const Args& args) override {                     \
    timed(label(#kernel, args), [&] { inner_.kernel(args); }); \
  }
#include "kernels/kernels.def"
#undef PG_KERNEL

 private:
  template <typename Args>
  static std::string label(const char* kernel, const Args& args) {
    if constexpr (requires { args.geometry.mode; }) {
      constexpr const char* kModes[] = {"same", "up", "down"};
      const bool pointwise = [&] {
        if constexpr (requires { args.w; })
          return args.w.shape.h == 1;
        else
          return args.dw.shape.h == 1;
      }();
      return message(kernel, " ", pointwise ? "1x1" : kModes[static_cast<int>(args.geometry.mode)]);
    } else {
      return kernel;
    }
  }

  template <typename Call>
  void timed(const std::string& kernel, const Call& call) {
    const auto start = std::chrono::steady_clock::now();
    call();
    inner_.synchronize();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    Entry& entry = entries_[kernel];
    entry.seconds += took.count();
    ++entry.calls;
  }

  Backend& inner_;
  std::map<std::string, Entry> entries_;
};

}  // namespace pg
