// forwarding_backend.h: a Backend that forwards every call to another, to override some. It does
// not capture.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "kernels/backend.h"

namespace pg {

class ForwardingBackend : public Backend {
 public:
  explicit ForwardingBackend(std::unique_ptr<Backend> inner) : inner_(std::move(inner)) {}

  const char* name() const override { return inner_->name(); }
  std::string description() const override { return inner_->description(); }
  void* allocate(int64_t bytes) override { return inner_->allocate(bytes); }
  void release(void* p) noexcept override { inner_->release(p); }
  void upload(TensorView dst, const void* src) override { inner_->upload(dst, src); }
  void download(void* dst, ConstTensorView src) override { inner_->download(dst, src); }
  void copy(TensorView dst, ConstTensorView src) override { inner_->copy(dst, src); }
  void synchronize() override { inner_->synchronize(); }

#define PG_KERNEL(kernel, Args) \
  void kernel(const Args& args) override { inner_->kernel(args); }
#include "kernels/kernels.def"
#undef PG_KERNEL

 protected:
  Backend& inner() { return *inner_; }
  const Backend& inner() const { return *inner_; }

 private:
  std::unique_ptr<Backend> inner_;
};

}  // namespace pg
