// class_order_test.cpp: the order of class names, and sets of older programs with another one.
#include <gtest/gtest.h>

#include "data/files/natural_order.h"
#include "data/sets/build.h"
#include "data/sets/dataset.h"
#include "tests/data/support.h"

namespace pg::testing {
namespace {

using Names = std::vector<std::string>;

TEST(NaturalOrder, NumbersCountAsNumbers) {
  const Names sorted = {"",
                        "0",
                        "1",
                        "2",
                        "9",
                        "10",
                        "10a",
                        "11",
                        "99999999999999999999",
                        "100000000000000000000",
                        "a",
                        "a2",
                        "a10",
                        "a10b2",
                        "a10b10",
                        "b"};
  for (size_t i = 0; i < sorted.size(); ++i) {
    for (size_t k = 0; k < sorted.size(); ++k) {
      EXPECT_EQ(natural_less(sorted[i], sorted[k]), i < k) << sorted[i] << ", " << sorted[k];
    }
  }
  for (const auto& [a, b] : {std::pair("01", "1"), std::pair("0", "00"), std::pair("a007", "a7")}) {
    EXPECT_NE(natural_less(a, b), natural_less(b, a)) << a;
    EXPECT_TRUE(natural_less(a, "a8")) << a;
  }
}

// Images in three folders that show the numbers 1, 10 and 2.
class ClassOrder : public ::testing::Test {
 protected:
  void build(const Names& folders) {
    const std::vector<uint8_t> shown = {1, 10, 2};
    for (size_t i = 0; i < 3; ++i) {
      write_image(folder_ / "pics" / folders[i] / "a.png",
                  flat_image(4, {shown[i], shown[i], shown[i]}));
    }
    const std::string pics = (folder_ / "pics").string();
    build_dataset(*open_source(pics), pics, folder_ / "set", {});
  }

  // Renames the classes of the built set.
  void rename(const Names& from, const Names& to) {
    const std::vector<uint8_t> bytes = read_bytes(folder_ / "set/dataset.json");
    std::string text(bytes.begin(), bytes.end());
    for (size_t i = 0; i < from.size(); ++i) {
      const std::string name = "\"" + from[i] + "\"";
      ASSERT_NE(text.find(name), std::string::npos);
      text.replace(text.find(name), name.size(), "\"" + to[i] + "\"");
    }
    write_text(folder_ / "set/dataset.json", text);
  }

  // Classes are named after what their images show.
  static void expect_names(const Dataset& d, const Names& names) {
    EXPECT_EQ(d.manifest().label_names, names);
    for (int64_t i = 0; i < d.count(); ++i) {
      const std::string shows = std::to_string(d.image(4, i)[0]);
      EXPECT_EQ(d.manifest().label_names[static_cast<size_t>(d.label(i))], shows);
    }
  }

  TempFolder folder_;
};

TEST_F(ClassOrder, FoldersAreSortedAsNumbers) {
  build({"1", "10", "2"});
  expect_names(Dataset(folder_ / "set"), {"1", "2", "10"});
}

TEST_F(ClassOrder, CachedSetsOfOlderProgramsAreSortedWhenOpened) {
  build({"first", "second", "third"});
  rename({"first", "second", "third"}, {"1", "10", "2"});
  expect_names(Dataset(folder_ / "set", Origin::cached), {"1", "2", "10"});
  expect_names(Dataset(folder_ / "set", Origin::built), {"1", "10", "2"});
}

TEST_F(ClassOrder, CanBeThatOfARun) {
  build({"1", "10", "2"});
  Dataset d(folder_ / "set");
  EXPECT_TRUE(d.order_classes(Names{"10", "1", "2"}));
  expect_names(d, {"10", "1", "2"});
  for (const Names& other : {Names{}, Names{"1", "2"}, Names{"1", "2", "10", "11"},
                             Names{"1", "2", "2"}, Names{"1", "2", "3"}}) {
    EXPECT_FALSE(d.order_classes(other));
    expect_names(d, {"10", "1", "2"});
  }
}

}  // namespace
}  // namespace pg::testing
