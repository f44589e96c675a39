// bytes_test.cpp: sizes in bytes as text.
#include "model/config/bytes.h"

#include <gtest/gtest.h>

#include "kernels/error.h"
#include "model/config/config.h"
#include "tests/model/temporary_folder.h"

namespace pg {
namespace {

TEST(Bytes, ParsesSizesWithUnits) {
  EXPECT_EQ(parse_bytes("4GB"), 4'000'000'000);
  EXPECT_EQ(parse_bytes("512MiB"), 512 << 20);
  EXPECT_EQ(parse_bytes("0.5 gib"), 512 << 20);
  EXPECT_EQ(parse_bytes("1000"), 1000);
  EXPECT_EQ(parse_bytes("3kb"), 3000);
  for (const char* wrong : {"", "GB", "4 XB", "-1GB", "0", "1e3GB", "4GB!", "inf", "99999999TB"}) {
    EXPECT_FALSE(parse_bytes(wrong)) << wrong;
  }
}

TEST(Bytes, WritesThreeDigits) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(999), "999 B");
  EXPECT_EQ(format_bytes(999'900), "1.00 MB");
  EXPECT_EQ(format_bytes(1'345'678), "1.35 MB");
  EXPECT_EQ(format_bytes(12'340'000'000), "12.3 GB");
  EXPECT_EQ(format_bytes(512'000'000), "512 MB");
}

TEST(Bytes, SetTheMemoryLimit) {
  Config c = preset("official-tf");
  set_key(c, "train.memory_limit", "3GiB");
  EXPECT_EQ(get_key(c, "train.memory_limit"), "\"3GiB\"");
  const std::string error = error_of<UsageError>([&] { set_key(c, "train.memory_limit", "lots"); });
  EXPECT_NE(error.find("4GB, 512MiB"), std::string::npos) << error;
}

}  // namespace
}  // namespace pg
