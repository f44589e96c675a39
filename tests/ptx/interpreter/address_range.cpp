// address_range.cpp: eight TiB of addresses that nothing else in the program uses.
#include "tests/ptx/interpreter/address_range.h"

#include <sys/mman.h>

#include <sstream>

#include "tests/ptx/interpreter/code.h"

namespace pg::ptx {

const AddressRange& device_addresses() {
  static const AddressRange range = [] {
    constexpr uint64_t kBytes = uint64_t{1} << 43;
    void* const p =
        mmap(nullptr, kBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) fail("cannot reserve addresses for device memory");
    const auto begin = reinterpret_cast<uint64_t>(p);
    return AddressRange{begin, begin + kBytes};
  }();
  return range;
}

std::string hex(uint64_t value) {
  std::ostringstream s;
  s << "0x" << std::hex << value;
  return s.str();
}

}  // namespace pg::ptx
