// counting_backend.h: a Backend that hands everything on to another and counts the kernels called.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "kernels/backend.h"

namespace pg::test {

// Calls by kernel name; every kernel of kernels.def has an entry.
class KernelCounts {
 public:
  KernelCounts() {
#define PG_KERNEL(kernel, Args) counts_[#kernel] = 0;
#include "kernels/kernels.def"
#undef PG_KERNEL
  }
  void add(const char* kernel) { ++counts_.at(kernel); }
  const std::map<std::string, int64_t>& all() const { return counts_; }

 private:
  std::map<std::string, int64_t> counts_;
};

class CountingBackend : public Backend {
 public:
  // `counts` must outlive this.
  CountingBackend(std::unique_ptr<Backend> inner, KernelCounts& counts)
      : inner_(std::move(inner)), counts_(counts) {}

  const char* name() const override { return inner_->name(); }
  std::string description() const override { return inner_->description(); }
  void* allocate(int64_t bytes) override { return inner_->allocate(bytes); }
  void release(void* p) noexcept override { inner_->release(p); }
  void upload(TensorView dst, const void* src) override { inner_->upload(dst, src); }
  void download(void* dst, ConstTensorView src) override { inner_->download(dst, src); }
  void copy(TensorView dst, ConstTensorView src) override { inner_->copy(dst, src); }
  void synchronize() override { inner_->synchronize(); }

#define PG_KERNEL(kernel, Args)            \
  void kernel(const Args& args) override { \
    counts_.add(#kernel);                  \
    inner_->kernel(args);                  \
  }
#include "kernels/kernels.def"
#undef PG_KERNEL

 private:
  std::unique_ptr<Backend> inner_;
  KernelCounts& counts_;
};

}  // namespace pg::test
