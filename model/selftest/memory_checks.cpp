// memory_checks.cpp: patterns written to a part of the free memory and read back.
#include <algorithm>
#include <cstring>

#include "kernels/philox.h"
#include "model/selftest/check.h"

namespace pg::selftest {
namespace {

constexpr int64_t kBlock = int64_t{16} << 20;

// `bytes` of device memory in blocks, released at the end.
class Blocks {
 public:
  Blocks(Backend& backend, int64_t bytes) : backend_(backend) {
    try {
      while (static_cast<int64_t>(list_.size()) * kBlock < bytes) {
        list_.push_back(backend.allocate(kBlock));
      }
    } catch (const OutOfMemoryError&) {  // another program was faster
    }
  }
  ~Blocks() {
    for (void* p : list_) backend_.release(p);
  }
  Blocks(const Blocks&) = delete;
  Blocks& operator=(const Blocks&) = delete;

  size_t count() const { return list_.size(); }
  TensorView view(size_t i) const { return {list_[i], DType::u8, {1, 1, 1, kBlock}}; }

 private:
  Backend& backend_;
  std::vector<void*> list_;
};

// Two blocks of random bytes; block i holds the first of them from another place on, so that an
// address that is taken for another one shows.
std::vector<uint8_t> random_bytes(uint64_t seed) {
  std::vector<uint8_t> bytes(static_cast<size_t>(2 * kBlock));
  for (size_t i = 0; i < bytes.size(); i += 16) {
    const PhiloxBlock block = philox(seed, 1, i);
    std::memcpy(&bytes[i], block.word, sizeof block.word);
  }
  return bytes;
}

size_t start_of(size_t block) { return block * 4099 % static_cast<size_t>(kBlock); }

Deviation check_patterns(Machine& m, int64_t most) {
  Backend& backend = m.exact();
  const int64_t free = backend.free_bytes() == Backend::kUnlimited ? most : backend.free_bytes();
  const Blocks blocks(backend, std::min(most, free / 2));
  Deviation worst{.tolerance = 0.0};
  std::vector<uint8_t> found(static_cast<size_t>(kBlock));
  for (const uint8_t flip : {uint8_t{0x00}, uint8_t{0xff}}) {  // each bit as 0 and as 1
    std::vector<uint8_t> bytes = random_bytes(1);
    for (uint8_t& b : bytes) b ^= flip;
    for (size_t i = 0; i < blocks.count(); ++i) {
      backend.upload(blocks.view(i), &bytes[start_of(i)]);
    }
    for (size_t i = 0; i < blocks.count(); ++i) {
      backend.download(found.data(), blocks.view(i));
      if (std::memcmp(found.data(), &bytes[start_of(i)], found.size()) == 0) continue;
      const auto at = std::mismatch(found.begin(), found.end(), &bytes[start_of(i)]).first;
      worst.include(1.0, [&] {
        return message("byte ", at - found.begin(), " of block ", i, " of ", blocks.count(),
                       " changed");
      });
    }
  }
  return worst;
}

}  // namespace

void add_memory_checks(Checks& list, Machine& machine) {
  constexpr int64_t kLittle = 2 * kBlock, kMuch = int64_t{8} << 30;
  const auto add = [&](const char* name, int64_t bytes, bool quick) {
    list.push_back({.group = "memory",
                    .name = name,
                    .work = static_cast<double>(bytes),
                    .quick = quick,
                    .run = [bytes](Machine& m) { return check_patterns(m, bytes); }});
  };
  add("patterns in 32 MiB", kLittle, true);
  if (machine.is_gpu()) add("patterns in half of the free memory, at most 8 GiB", kMuch, false);
}

}  // namespace pg::selftest
