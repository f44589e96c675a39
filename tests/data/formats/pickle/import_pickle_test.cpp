// import_pickle_test.cpp: pickles yield plain values, run nothing, and are rejected in one
// sentence.
#include <gtest/gtest.h>

#include "data/formats/pickle/pickle.h"
#include "kernels/error.h"
#include "tests/data/formats/pickle/pickle_bytes.h"
#include "tests/model/bounded_memory.h"
#include "tests/model/temporary_folder.h"

namespace pg {
namespace {

using test::bytes_of;
using test::little_endian;
using test::PickleBytes;

using namespace std::string_literals;

std::string rejection(const std::string& bytes) {
  return error_of<FormatError>([&] { Pickle(bytes_of(bytes), "a.pkl"); });
}

// A pickle like those of weights: nested containers, an array, an object.
std::string sample() {
  PickleBytes out;
  out.raw("(").name("tfutil", "Network").raw(")\x81}(");
  out.text("name").text("Gs").text("variables").raw("](");
  out.text("lod").array({}, {0.0f}).raw("\x86");
  out.text("4x4/Dense/weight")
      .array({2, 3}, {1, 2, 3, 4, 5, 6})
      .raw(
          "\x86"
          "e");
  out.text("static_kwargs").raw("}(").text("resolution").integer(1024);
  out.text("use_wscale").raw("\x88").text("fmap_decay").number(1.5).raw("uubt");
  return out.end();
}

TEST(Pickle, PlainValuesHaveTheirKinds) {
  const std::string bytes = PickleBytes()
                                .raw("](N\x88")
                                .integer(-7)
                                .raw("K\xffM\xff\xff\x8a\x02\x00\x80"s)
                                .raw("I1099511627776\nI01\nL-5L\nF0.25\n")
                                .number(-1.5)
                                .raw("U\x02hiC\x01x\x8c\x03\xe2\x82\xac\x8e"s)
                                .raw(little_endian(uint64_t{1}) + "z)e")
                                .end();
  const Pickle pickle(bytes_of(bytes), "a.pkl");
  const PickleValue list = pickle.root();
  ASSERT_EQ(list.size(), 16);
  EXPECT_TRUE(list.item(0).is_none());
  EXPECT_TRUE(list.item(1).boolean());
  const int64_t integers[] = {-7, 255, 65535, -32768, 1099511627776, 1, -5};
  for (int64_t i = 0; i < 7; ++i) EXPECT_EQ(list.item(2 + i).integer(), integers[i]) << i;
  EXPECT_EQ(list.item(9).number(), 0.25);
  EXPECT_EQ(list.item(10).number(), -1.5);
  EXPECT_EQ(list.item(11).text(), "hi");
  EXPECT_EQ(list.item(12).text(), "x");
  EXPECT_EQ(list.item(13).text(), "\xe2\x82\xac");
  EXPECT_EQ(list.item(14).text(), "z");
}

TEST(Pickle, NetworkOfTensorFlowHasItsState) {
  const std::string bytes = sample();
  const Pickle pickle(bytes_of(bytes), "a.pkl");
  EXPECT_EQ(pickle.bytes_read(), bytes.size());
  const PickleValue network = pickle.root().item(0);
  EXPECT_EQ(network.class_name(), "tfutil.Network");
  EXPECT_EQ(network.at("name").text(), "Gs");
  EXPECT_EQ(network.at("static_kwargs").at("resolution").integer(), 1024);
  EXPECT_EQ(network.at("static_kwargs").at("fmap_decay").number(), 1.5);
  EXPECT_TRUE(network.at("static_kwargs").at("use_wscale").boolean());
  const PickleValue variable = network.at("variables").item(1);
  EXPECT_EQ(variable.item(0).text(), "4x4/Dense/weight");
  const PickledTensor tensor = pickle.tensor(variable.item(1));
  EXPECT_EQ(tensor.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(tensor.strides, (std::vector<int64_t>{3, 1}));
  EXPECT_EQ(tensor.bytes.size(), 24u);
  EXPECT_EQ(pickle.tensors().size(), 2u);
}

TEST(Pickle, DictOfPython2KeepsOrderAndTheLastDuplicate) {
  const std::string bytes = PickleBytes()
                                .name("collections", "OrderedDict")
                                .raw("](](")
                                .python2_text("b")
                                .integer(1)
                                .raw("e](")
                                .python2_text("a")
                                .integer(2)
                                .raw("ee\x85R(")
                                .python2_text("b")
                                .integer(3)
                                .raw("u}b")
                                .end();
  const Pickle pickle(bytes_of(bytes), "a.pkl");
  const PickleValue dict = pickle.root();
  ASSERT_EQ(dict.size(), 3);
  EXPECT_EQ(dict.key(0).text(), "b");
  EXPECT_EQ(dict.value(1).integer(), 2);
  EXPECT_EQ(dict.at("b").integer(), 3);
  EXPECT_FALSE(dict.find("c").has_value());
}

TEST(Pickle, CodeIsRejectedByName) {
  const std::pair<const char*, const char*> names[] = {
      {"os", "system"},        {"posix", "system"},       {"builtins", "eval"},
      {"__builtin__", "exec"}, {"subprocess", "Popen"},   {"torch._utils", "_rebuild_nothing"},
      {"numpy", "load"},       {"runpy", "run_path"},     {"torch", "load"},
      {"builtins", "getattr"}, {"operator", "attrgetter"}};
  for (const auto& [module, name] : names) {
    const std::string whole = module + "."s + name;
    const std::string called = PickleBytes().name(module, name).text("x").raw("\x85R").end();
    EXPECT_NE(rejection(called).find(message("'", whole, "'")), std::string::npos)
        << rejection(called);
    const std::string stacked = PickleBytes(4).text(module).text(name).raw("\x93)R").end();
    EXPECT_NE(rejection(stacked).find(message("'", whole, "'")), std::string::npos)
        << rejection(stacked);
  }
  EXPECT_NE(rejection(PickleBytes().raw("(").text("x").raw("ios\nsystem\n").end()).find("INST"),
            std::string::npos);
  // A name that would pass if module and name were simply joined.
  EXPECT_NE(
      rejection(PickleBytes().name("numpy.core", "multiarray.scalar").end()).find("is not allowed"),
      std::string::npos);
}

TEST(Pickle, OtherOpcodesAreRejectedByName) {
  EXPECT_NE(rejection(PickleBytes(4).raw("\x8f").end()).find("EMPTY_SET"), std::string::npos);
  EXPECT_NE(rejection(PickleBytes().raw("\x82\x01").end()).find("EXT1"), std::string::npos);
  EXPECT_NE(rejection("(S'x'\n.").find("STRING"), std::string::npos);
  EXPECT_NE(rejection("Px\n.").find("PERSID"), std::string::npos);
  EXPECT_NE(rejection(PickleBytes(5).raw("\x97").end()).find("NEXT_BUFFER"), std::string::npos);
  EXPECT_NE(rejection(PickleBytes(6).raw("N").end()).find("newer than 5"), std::string::npos);
  EXPECT_NE(rejection(PickleBytes().raw("\xff").end()).find("byte 255"), std::string::npos);
}

TEST(Pickle, MisuseOfAllowedNamesIsRejected) {
  const auto expect_rejection = [](const PickleBytes& bytes, const char* part) {
    EXPECT_NE(rejection(bytes.end()).find(part), std::string::npos) << rejection(bytes.end());
  };
  expect_rejection(PickleBytes().raw("N)R"), "not a function");
  expect_rejection(PickleBytes().name("numpy", "ndarray").raw(")R"), "not a function");
  expect_rejection(PickleBytes().name("numpy", "ndarray").raw(")\x81"), "not a class");
  expect_rejection(PickleBytes().raw("N)\x81"), "not a class");
  expect_rejection(PickleBytes().name("_codecs", "encode").text("x").text("rot13").raw("\x86R"),
                   "rot13");
  expect_rejection(PickleBytes().name("numpy", "dtype").text("O8").raw("\x85R"), "'O8'");
  expect_rejection(PickleBytes().name("torch", "Size").raw("N\x85R"), "a tuple");
  expect_rejection(PickleBytes().raw("N}b"), "sets the state");
  expect_rejection(PickleBytes().raw("(").text("module").raw("NtQ"), "whole module");
  expect_rejection(PickleBytes().raw("(0N0"), "empty stack");
  expect_rejection(PickleBytes().raw("N(\x86"), "empty stack");
  expect_rejection(PickleBytes().raw("Ne"), "without a mark");
  expect_rejection(PickleBytes().raw("h\x07"), "before writing");
}

TEST(Pickle, ValuesMayContainThemselves) {
  // A list in itself, a dict in itself, an object that is its own state, a tuple in its own list.
  const std::string bytes = PickleBytes()
                                .raw("]q\x00h\x00"s)
                                .raw("a}q\x01")
                                .text("me")
                                .raw("h\x01s\x86")
                                .name("network", "Network")
                                .raw(
                                    ")\x81q\x02h\x02"
                                    "b\x86")
                                .end();
  const Pickle pickle(bytes_of(bytes), "a.pkl");
  const PickleValue list = pickle.root().item(0).item(0);
  EXPECT_EQ(list.item(0).item(0).item(0).size(), 1);
  EXPECT_EQ(pickle.root().item(0).item(1).at("me").at("me").size(), 1);
  EXPECT_FALSE(pickle.root().item(1).find("x").has_value());
}

TEST(Pickle, DeepNestingNeedsNoStack) {
  std::string nested = PickleBytes().raw(")").end();
  nested.insert(nested.size() - 1, std::string(900000, '\x85'));
  const Pickle pickle(bytes_of(nested), "a.pkl");
  PickleValue value = pickle.root();
  int64_t depth = 0;
  for (; value.size() == 1; value = value.item(0)) ++depth;
  EXPECT_EQ(depth, 900000);
}

TEST(Pickle, EveryTruncationIsOneClearError) {
  const std::string whole = sample();
  for (size_t n = 0; n < whole.size(); ++n) {
    const std::string error = rejection(whole.substr(0, n));
    ASSERT_EQ(error.find("cannot import 'a.pkl': the file ends w"), 0u) << n << " bytes: " << error;
    ASSERT_EQ(error.find('\n'), std::string::npos);
  }
}

TEST(Pickle, AFlippedBitIsRejectedOrReadAsAnotherValue) {
  const std::string whole = sample();
  int rejected = 0;
  for (size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    try {
      const Pickle pickle(bytes_of(damaged), "a.pkl");
      for (const PickleValue& tensor : pickle.tensors()) pickle.tensor(tensor);
    } catch (const FormatError&) {
      ++rejected;
    }
  }
  EXPECT_GT(rejected, 1000);
}

TEST(Pickle, ArraysMustFitTheirBytes) {
  EXPECT_NE(rejection(PickleBytes().array({2, 2}, {1, 2, 3}).end()).find("its 12 bytes"),
            std::string::npos);
  EXPECT_NE(rejection(PickleBytes().array({-1}, {}).end()).find("-1 as an extent"),
            std::string::npos);
  const int32_t large = 1 << 30;
  EXPECT_NE(
      rejection(PickleBytes().array({large, large, large}, {}).end()).find("too large for memory"),
      std::string::npos);
  const std::vector<int32_t> many(9, 1);
  EXPECT_NE(rejection(PickleBytes().array(many, {1}).end()).find("9 extents"), std::string::npos);
}

TEST(Pickle, TensorsMustStayInTheirStorage) {
  const auto rejection_of = [](const PickleBytes::Tensor& tensor) {
    return rejection(PickleBytes().tensor(tensor).end());
  };
  EXPECT_EQ(rejection_of({.key = "0", .elements = 6, .shape = {2, 3}}), "no error of this type");
  EXPECT_EQ(rejection_of({.key = "0", .elements = 6, .shape = {3, 2}, .strides = {1, 3}}),
            "no error of this type");
  const char* beyond = "beyond the 6 of its storage '0'";
  EXPECT_NE(rejection_of({.key = "0", .elements = 6, .shape = {7}}).find(beyond),
            std::string::npos);
  EXPECT_NE(rejection_of({.key = "0", .elements = 6, .shape = {6}, .offset = 1}).find(beyond),
            std::string::npos);
  EXPECT_NE(rejection_of({.key = "0", .elements = 6, .shape = {2}, .strides = {6}}).find(beyond),
            std::string::npos);
  EXPECT_NE(
      rejection_of({.key = "0", .elements = 6, .shape = {1 << 30}, .strides = {0}}).find(beyond),
      std::string::npos);
  EXPECT_NE(
      rejection_of({.key = "0", .elements = 6, .shape = {2}, .strides = {-1}}).find("-1 as a"),
      std::string::npos);
  EXPECT_NE(
      rejection_of({.key = "0", .elements = 6, .shape = {2}, .offset = -1}).find("starts before"),
      std::string::npos);
}

TEST(Pickle, HugeLengthsAreRejectedAtOnce) {
  const std::string lengths[] = {std::string("X").append(little_endian(~uint32_t{0})),
                                 std::string("T").append(little_endian(int32_t{-1})),
                                 std::string("T").append(little_endian(int32_t{INT32_MAX})),
                                 std::string("\x8d").append(little_endian(~uint64_t{0})),
                                 std::string("\x96").append(little_endian(uint64_t{1} << 62)),
                                 std::string("\x8b").append(little_endian(int32_t{INT32_MIN}))};
  for (const std::string& length : lengths) {
    EXPECT_NE(rejection(PickleBytes(5).raw(length).end()), "no error of this type");
  }
  EXPECT_NE(rejection(PickleBytes().raw("Nr" + little_endian(~uint32_t{0})).end()).find("index 42"),
            std::string::npos);
}

TEST(Pickle, MemoryIsBoundedUnderRepetition) {
  constexpr int64_t kMost = 250'000'000;
  const auto run = [](const std::string& bytes) {
    try {
      const Pickle pickle(bytes_of(bytes), "a.pkl");
    } catch (const FormatError&) {
    }
  };
  const std::string lists(3'000'000, ']'), copies(5'000'000, '2');
  EXPECT_LT(test::memory_of([&] { run(PickleBytes().raw(lists).end()); }), kMost);
  EXPECT_LT(test::memory_of([&] { run(PickleBytes().raw("N").raw(copies).raw("t").end()); }),
            kMost);
  EXPECT_LT(test::memory_of([&] { run(PickleBytes().raw(std::string(5'000'000, '(')).end()); }),
            kMost);
  // One string and one list, decoded repeatedly: 100 KB and 30000 pairs, 5000 times.
  PickleBytes text;
  text.name("_codecs", "encode").raw("q\x01").text("\xc3\xa9" + std::string(100'000, 'x'));
  text.text("latin1").raw("\x86q\x02");
  PickleBytes pairs;
  pairs.name("collections", "OrderedDict").raw("q\x01](");
  for (int i = 0; i < 30'000; ++i) pairs.raw("NN\x86");
  pairs.raw("e\x85q\x02");
  for (PickleBytes* bomb : {&text, &pairs}) {
    for (int i = 0; i < 5000; ++i) bomb->raw("h\x01h\x02R");
    EXPECT_NE(rejection(bomb->end()).find("repeatedly"), std::string::npos);
    EXPECT_LT(test::memory_of([&] { run(bomb->end()); }), kMost);
  }
}

}  // namespace
}  // namespace pg
