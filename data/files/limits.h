// limits.h: how deep, how long and how large text and files from outside may be.
//
// Each limit is far above anything that a program writes, and far below what would exhaust memory
// or the stack. Sizes of images are in data/images/image.h, shares of memory in memory_budget.h.
#pragma once

#include <cstdint>

namespace pg::limits {

// JSON in memory: our own descriptions, and headers of safetensors files. A parsed value takes up
// to 100 bytes, however short its text is.
inline constexpr int64_t kJsonBytes = int64_t{1} << 26;
inline constexpr int64_t kJsonValues = int64_t{1} << 20;
inline constexpr int64_t kJsonToken = int64_t{1} << 20;  // bytes of a string or a number
inline constexpr int kJsonDepth = 64;

// Files of labels, which are read as a stream: only labels of images at hand are kept.
inline constexpr int64_t kLabelFileBytes = int64_t{1} << 30;
inline constexpr int64_t kLabelValues = int64_t{1} << 30;
inline constexpr int64_t kLabelToken = int64_t{1} << 16;

// TOML: configurations have keys of three parts and tables in one section.
inline constexpr int64_t kTomlBytes = int64_t{1} << 20;
inline constexpr int kTomlDepth = 8;
inline constexpr int kTomlKeyParts = 8;

// Small text files, such as lists of class names.
inline constexpr int64_t kTextBytes = int64_t{1} << 20;

// Pickles, and torch files in the older format, which are read as a whole; the largest published
// networks have 300 MB.
inline constexpr int64_t kWeightsBytes = int64_t{1} << 31;

// Anything else that is read as a whole.
inline constexpr int64_t kFileBytes = int64_t{1} << 30;

}  // namespace pg::limits
