// address_range.h: the addresses of device memory, and how errors print one.
#pragma once

#include <cstdint>
#include <string>

namespace pg::ptx {

// Reserved on first use, without memory behind it.
struct AddressRange {
  uint64_t begin, end;
};
const AddressRange& device_addresses();

std::string hex(uint64_t value);

}  // namespace pg::ptx
