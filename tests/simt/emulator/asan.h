// asan.h: AddressSanitizer's interface, or nothing in builds without it.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace pg::simt {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kAsan = true;
inline void forbid_access(const void* p, size_t bytes) { __asan_poison_memory_region(p, bytes); }
inline void allow_access(const void* p, size_t bytes) { __asan_unpoison_memory_region(p, bytes); }
#else
inline constexpr bool kAsan = false;
inline void forbid_access(const void*, size_t) {}
inline void allow_access(const void*, size_t) {}
#endif

}  // namespace pg::simt
