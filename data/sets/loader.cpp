// loader.cpp: a queue of minibatches between one thread and the trainer.
#include "data/sets/loader.h"

#include <algorithm>
#include <utility>

#include "data/sets/shuffle.h"
#include "kernels/error.h"

namespace pg {

Loader::Loader(const Dataset& dataset, const LoaderOptions& options)
    : dataset_(dataset), options_(options) {
  PG_CHECK(options.depth >= 1, UsageError, "a loader cannot prefetch ", options.depth,
           " minibatches; expected 1 or more");
  thread_ = std::thread([this] { run(); });
}

Loader::~Loader() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wanted_.notify_one();
  thread_.join();
}

const Batch& Loader::next(int64_t resolution, int64_t n) {
  PG_CHECK(n >= 1, UsageError, "a minibatch of ", n, " images is impossible; expected 1 or more");
  dataset_.check_resolution(resolution);
  std::unique_lock lock(mutex_);
  if (const Request request{resolution, n, position_}; request != next_out_) restart(request);
  ready_.wait(lock, [&] { return !queue_.empty() || error_; });
  if (error_) std::rethrow_exception(error_);
  spare_.push_back(std::exchange(current_, std::move(queue_.front())));
  queue_.pop_front();
  next_out_.position += static_cast<uint64_t>(n);
  position_ = next_out_.position;
  lock.unlock();
  wanted_.notify_one();
  return current_;
}

void Loader::restart(const Request& request) {
  next_out_ = upcoming_ = request;
  ++generation_;
  for (Batch& batch : queue_) spare_.push_back(std::move(batch));
  queue_.clear();
  error_ = nullptr;
  wanted_.notify_one();
}

void Loader::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wanted_.wait(lock, [&] {
      const bool room = static_cast<int64_t>(queue_.size()) < options_.depth;
      return stop_ || (upcoming_.n > 0 && room && !error_);
    });
    if (stop_) return;
    const Request request = upcoming_;
    const uint64_t generation = generation_;
    Batch batch;
    if (!spare_.empty()) {
      batch = std::move(spare_.back());
      spare_.pop_back();
    }
    lock.unlock();
    std::exception_ptr error;
    try {
      fill(request, batch);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    if (generation != generation_) {
      spare_.push_back(std::move(batch));
      continue;
    }
    upcoming_.position += static_cast<uint64_t>(request.n);
    error_ = error;
    if (!error) queue_.push_back(std::move(batch));
    ready_.notify_one();
  }
}

void Loader::fill(const Request& request, Batch& batch) const {
  const size_t n = static_cast<size_t>(request.n);
  const size_t size =
      static_cast<size_t>(request.resolution * request.resolution * dataset_.channels());
  batch.position = request.position;
  batch.resolution = request.resolution;
  batch.n = request.n;
  batch.images.resize(n * size);
  batch.mirror.resize(n);
  batch.labels.resize(n);
  for (size_t k = 0; k < n; ++k) {
    const uint64_t position = request.position + k;
    const int64_t index = shuffled_index(options_.seed, dataset_.count(), position);
    dataset_.read_image(request.resolution, index, std::span(batch.images).subspan(k * size, size));
    batch.labels[k] = dataset_.label(index);
    batch.mirror[k] =
        options_.mirror == Mirror::yes ? mirror_coin(options_.seed, position) : uint8_t{0};
  }
}

}  // namespace pg
