// import_weights_file_test.cpp: the format of a weights file is recognised by content, and its
// tensors are given by name or in order.
#include <gtest/gtest.h>

#include "data/formats/pickle/weights_file.h"
#include "kernels/error.h"
#include "tests/data/formats/zip_bytes.h"
#include "tests/model/temporary_folder.h"

namespace pg {
namespace {

using test::bytes_of_floats;
using test::little_endian;
using test::PickleBytes;

using Floats = std::vector<float>;

class ForeignWeights : public TemporaryFolder {
 protected:
  ForeignFile read(const std::string& bytes) {
    path_ = folder_ / "weights";
    write_text(path_, bytes);
    return read_foreign(path_);
  }

  // The error, which must name the file and be one line.
  std::string rejection(const std::string& bytes) {
    const std::string error = error_of<FormatError>([&] { read(bytes); });
    EXPECT_NE(error.find("'" + path_.string() + "'"), std::string::npos) << error;
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
    return error;
  }

  std::filesystem::path path_;
};

// {"netG": {"b": tensor, "a": tensor, "epoch": 3}}
std::string state_dict_pickle() {
  return PickleBytes()
      .raw("}")
      .text("netG")
      .raw("}(")
      .text("b")
      .tensor({.key = "0", .elements = 2, .shape = {2}})
      .text("a")
      .tensor({.key = "0", .elements = 2, .shape = {1, 2}})
      .text("epoch")
      .integer(3)
      .raw("us")
      .end();
}

std::string safetensors(const std::string& header, const std::string& data) {
  return little_endian(uint64_t{header.size()}) + header + data;
}

TEST_F(ForeignWeights, TorchStateDictsGiveTensorsByName) {
  const std::string data = bytes_of_floats({1.5f, -2});
  const std::string zip = test::torch_zip(state_dict_pickle(), {{"0", data}});
  const std::string legacy = test::torch_legacy(state_dict_pickle(), {{"0", 2, data}});
  for (const auto& [bytes, form] :
       {std::pair(zip, ForeignForm::torch_zip), std::pair(legacy, ForeignForm::torch_legacy)}) {
    ForeignFile opened = read(bytes);
    const ForeignFile file = std::move(opened);
    EXPECT_EQ(file.form(), form);
    const NamedTensors tensors = file.state_dict(file.root().at("netG"));
    ASSERT_EQ(tensors.size(), 2u);
    EXPECT_EQ(tensors.at("a").shape(), (std::vector<int64_t>{1, 2}));
    EXPECT_EQ(tensors.at("b").floats(), (Floats{1.5f, -2}));
    EXPECT_THROW(file.state_dict(file.root().at("netD")), FormatError);
    EXPECT_THROW(file.state_dict(file.root().at("netG").at("epoch")), FormatError);
    EXPECT_THROW(file.tensors(), FormatError);
  }
}

TEST_F(ForeignWeights, VariablesAndListsKeepTheirOrder) {
  const ForeignFile file = read(PickleBytes()
                                    .raw("](")
                                    .text("z")
                                    .array({2}, {1, 2})
                                    .raw("\x86")
                                    .text("a")
                                    .array({}, {3}, "numpy._core.multiarray")
                                    .raw("\x86"
                                         "e](")
                                    .array({1}, {4})
                                    .array({1}, {5})
                                    .raw("e\x86")
                                    .end());
  EXPECT_EQ(file.form(), ForeignForm::pickle);
  const OrderedTensors variables = file.variables(file.root().item(0));
  ASSERT_EQ(variables.size(), 2u);
  EXPECT_EQ(variables[0].first, "z");
  EXPECT_EQ(variables[0].second.floats(), (Floats{1, 2}));
  EXPECT_EQ(variables[1].second.floats(), (Floats{3}));
  const std::vector<HostTensor> list = file.tensor_list(file.root().item(1));
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[1].floats(), (Floats{5}));
  EXPECT_THROW(file.tensor_list(file.root().item(0)), FormatError);
  EXPECT_THROW(file.variables(file.root().item(1)), FormatError);
}

TEST_F(ForeignWeights, SafetensorsGiveTensorsByName) {
  const std::string header =
      R"({"__metadata__":{"from":"x"},"w":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},)"
      R"("none":{"dtype":"U8","shape":[4611686018427387904,0,4611686018427387904],)"
      R"("data_offsets":[4,4]}})";
  const ForeignFile file = read(safetensors(header, std::string("\x00\x3c\x00\xc0", 4)));
  EXPECT_EQ(file.form(), ForeignForm::safetensors);
  EXPECT_EQ(file.metadata().at("from"), "x");
  EXPECT_EQ(file.tensors().at("w").floats(), (Floats{1, -2}));
  EXPECT_EQ(file.tensors().at("none").floats(), Floats{});
  EXPECT_THROW(file.root(), FormatError);
}

TEST_F(ForeignWeights, OtherFormatsAreRejected) {
  EXPECT_NE(rejection("").find("neither"), std::string::npos);
  EXPECT_NE(rejection("\x89HDF\r\n\x1a\n").find("neither"), std::string::npos);
  EXPECT_NE(rejection(PickleBytes().tensor({.key = "0", .elements = 1, .shape = {1}}).end())
                .find("other files"),
            std::string::npos);
  EXPECT_NE(rejection(PickleBytes().name("os", "system").text("true").raw("\x85R").end())
                .find("'os.system'"),
            std::string::npos);
  EXPECT_NE(rejection(safetensors("{}", "x")).find("belong to no tensor"), std::string::npos);
  EXPECT_THROW(read_foreign(folder_), IoError);
  EXPECT_THROW(read_foreign(folder_ / "nothing"), IoError);
}

TEST_F(ForeignWeights, ListsThatRepeatATensorAreLimited) {
  PickleBytes pickle;
  pickle.raw("(").array({1}, {1}).raw(std::string(1'000'000, '2')).raw("l");
  const ForeignFile file = read(pickle.end());
  EXPECT_NE(error_of<FormatError>([&] { file.tensor_list(file.root()); }).find("1000001 tensors"),
            std::string::npos);
}

}  // namespace
}  // namespace pg
