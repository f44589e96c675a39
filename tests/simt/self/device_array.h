// device_array.h: arrays on the emulated device, and runs in every order of threads.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "tests/simt/emulator/grid.h"
#include "tests/simt/host/api.h"
#include "tests/simt/host/test.h"

namespace pg::simt {

template <typename T>
class DeviceArray {
 public:
  explicit DeviceArray(size_t count) : count_(count) {
    EXPECT_EQ(cudaMalloc(&data_, count * sizeof(T)), cudaSuccess);
  }
  explicit DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) {
    const cudaError_t error =
        cudaMemcpy(data_, values.data(), count_ * sizeof(T), cudaMemcpyHostToDevice);
    EXPECT_EQ(error, cudaSuccess);
  }
  ~DeviceArray() { EXPECT_EQ(cudaFree(data_), cudaSuccess); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  operator T*() { return data_; }
  std::vector<T> values() const {
    std::vector<T> values(count_);
    const cudaError_t error =
        cudaMemcpy(values.data(), data_, count_ * sizeof(T), cudaMemcpyDeviceToHost);
    EXPECT_EQ(error, cudaSuccess);
    return values;
  }

 private:
  T* data_ = nullptr;
  size_t count_;
};

// Calls run() -> vector in several orders of threads and streams; expects the same bits from each.
template <typename Run>
auto in_every_order(const Run& run) {
  decltype(run()) first;
  for (const uint64_t seed : {0, 1, 2, 3, 4, 5}) {
    SCOPED_TRACE(testing::Message() << "order " << seed);
    set_seed(seed);
    set_stream_order(seed > 2 ? StreamOrder::late : StreamOrder::at_once);
    const auto result = run();
    if (seed == 0) first = result;
    EXPECT_EQ(result.size(), first.size());
    EXPECT_EQ(std::memcmp(result.data(), first.data(), first.size() * sizeof first[0]), 0);
  }
  set_seed(0);
  set_stream_order(StreamOrder::at_once);
  return first;
}

}  // namespace pg::simt
