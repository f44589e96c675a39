// counting_backend.h: a Backend that forwards every call to another and counts kernel calls.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "kernels/forwarding_backend.h"

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

class CountingBackend : public ForwardingBackend {
 public:
  // `counts` must outlive the backend.
  CountingBackend(std::unique_ptr<Backend> inner, KernelCounts& counts)
      : ForwardingBackend(std::move(inner)), counts_(counts) {}

#define PG_KERNEL(kernel, Args)            \
  void kernel(const Args& args) override { \
    counts_.add(#kernel);                  \
    ForwardingBackend::kernel(args);       \
  }
#include "kernels/kernels.def"
#undef PG_KERNEL

 private:
  KernelCounts& counts_;
};

}  // namespace pg::test
