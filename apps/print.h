// print.h: what commands print; the only way from them to standard output and standard error.
//
// Arguments that are texts come from outside more often than not (names of files and classes,
// values of a checkpoint), so all of them are escaped as in data/files/shown.h. A format is ours
// and may hold line breaks.
#pragma once

#include <spdlog/fmt/fmt.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "data/files/output.h"
#include "data/files/shown.h"
#include "model/run/terminal.h"

namespace pg::apps {

template <typename T>
auto printable(const T& value) {
  if constexpr (std::is_same_v<T, std::filesystem::path>) {
    return shown_whole(value.native());
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return shown_whole(value);
  } else {
    return value;
  }
}

template <typename T>
using Printable = decltype(printable(std::declval<const T&>()));

// "1 image", "2 images".
inline std::string counted(int64_t count, const std::string& one) {
  return std::to_string(count) + ' ' + one + (count == 1 ? "" : "s");
}

// To standard output. Throws IoError.
template <typename... Args>
void print(fmt::format_string<Printable<Args>...> format, const Args&... args) {
  write_output(fmt::format(format, printable(args)...));
}

inline constexpr int kStandardError = 2;

// To standard error: remarks beside the product. "warning:" at the start is coloured.
template <typename... Args>
void note(fmt::format_string<Printable<Args>...> format, const Args&... args) {
  const std::string text = fmt::format(format, printable(args)...);
  write_message(wants_colour(kStandardError) ? coloured(text) : text);
}

}  // namespace pg::apps
