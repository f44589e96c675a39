// import_files_test.cpp: valid and hostile files written by Python programs
// (tests/formats/make_files.py). Skipped without NumPy; other tests cover the formats without
// Python.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "data/formats/pickle/weights_file.h"
#include "kernels/error.h"
#include "tests/model/temporary_folder.h"
#include "tests/paths.h"

namespace pg {
namespace {

using nlohmann::json;

constexpr int kSkipped = 77, kNotFound = 127;  // exit statuses

class FilesOfPython : public TemporaryFolder {
 protected:
  void SetUp() override {
    TemporaryFolder::SetUp();
    int status = kNotFound;
    for (const char* python : {"python3", "/usr/bin/python3"}) {
      if (status == 0 && std::filesystem::exists(folder_ / "zoo.pt")) break;  // it had PyTorch
      const int s = std::system(message(python, " -B '", test::test_files(),
                                        "formats/make_files.py' '", folder_.string(), "'")
                                    .c_str());
      if (s == 0) status = 0;
      ASSERT_TRUE(s == 0 || WEXITSTATUS(s) == kSkipped || WEXITSTATUS(s) == kNotFound);
    }
    if (status != 0) GTEST_SKIP() << "no python3 with NumPy found";
    manifest_ = json::parse(std::ifstream(folder_ / "manifest.json"));
  }

  json manifest_;
};

// The value at a path of keys and indices.
PickleValue value_at(const ForeignFile& file, const json& path) {
  PickleValue value = file.root();
  for (const json& step : path) {
    value = step.is_string() ? value.at(step.get<std::string>()) : value.item(step.get<int64_t>());
  }
  return value;
}

OrderedTensors tensors_of(const ForeignFile& file, const json& entry) {
  OrderedTensors result;
  if (entry["kind"] == "variables") {
    result = file.variables(value_at(file, entry["path"]));
  } else if (entry["kind"] == "list") {
    for (const HostTensor& tensor : file.tensor_list(value_at(file, entry["path"]))) {
      result.emplace_back(std::to_string(result.size()), tensor);
    }
  } else {
    const NamedTensors named = entry["kind"] == "tensors"
                                   ? file.tensors()
                                   : file.state_dict(value_at(file, entry["path"]));
    result.assign(named.begin(), named.end());
  }
  return result;
}

void expect_same(const OrderedTensors& read, json wanted, bool in_order) {
  if (!in_order) {
    std::sort(wanted.begin(), wanted.end(),
              [](const json& a, const json& b) { return a["name"] < b["name"]; });
  }
  ASSERT_EQ(read.size(), wanted.size());
  for (size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i].first, wanted[i]["name"]);
    EXPECT_EQ(read[i].second.shape(), wanted[i]["shape"].get<std::vector<int64_t>>());
    EXPECT_EQ(read[i].second.floats(), wanted[i]["values"].get<std::vector<float>>())
        << read[i].first;
  }
}

TEST_F(FilesOfPython, YieldTheirTensors) {
  EXPECT_GE(manifest_.size(), 6u);
  for (const json& entry : manifest_) {
    SCOPED_TRACE(entry["file"].get<std::string>());
    const ForeignFile file = read_foreign(folder_ / entry["file"].get<std::string>());
    EXPECT_EQ(name_of(file.form()), entry["form"].get<std::string>());
    const bool in_order = entry["kind"] == "variables" || entry["kind"] == "list";
    expect_same(tensors_of(file, entry), entry["tensors"], in_order);
  }
}

TEST_F(FilesOfPython, YieldTheirMetadata) {
  for (const char* name : {"tensorflow-2.pkl", "tensorflow-4.pkl", "tensorflow-5.pkl"}) {
    const ForeignFile file = read_foreign(folder_ / name);
    const PickleValue kwargs = file.root().item(2).at("static_kwargs");
    EXPECT_EQ(file.root().item(2).at("name").text(), "Gs");
    EXPECT_EQ(kwargs.at("resolution").integer(), 8);
    EXPECT_EQ(kwargs.at("fmap_decay").number(), 1.0);
    EXPECT_EQ(kwargs.at("gain").number(), 0.5);
    EXPECT_EQ(kwargs.at("size").integer(), 7);
    EXPECT_TRUE(kwargs.at("use_wscale").boolean());
    EXPECT_TRUE(kwargs.at("dtype").is_none());
  }
  const ForeignFile theano = read_foreign(folder_ / "theano.pkl");
  const PickleValue network = theano.root().item(0);
  EXPECT_EQ(network.class_name(), "network.Network");
  EXPECT_EQ(network.at("build_func_spec").at("func").text(), "network.G_paper");
  EXPECT_EQ(network.at("toplevel_params").at("cur_lod").number(), 0.0);
  if (!std::filesystem::exists(folder_ / "zoo.pt")) GTEST_SKIP() << "no python3 with PyTorch found";
  for (const char* name : {"zoo.pt", "zoo-legacy.pt"}) {
    const ForeignFile zoo = read_foreign(folder_ / name);
    EXPECT_EQ(zoo.root().at("config").class_name(), "models.utils.config.BaseConfig");
    EXPECT_EQ(zoo.root().at("config").at("depthOtherScales").item(1).integer(), 2);
  }
}

TEST_F(FilesOfPython, HostileOnesAreRejectedAndRunNothing) {
  int hostile = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("hostile")) continue;
    ++hostile;
    const std::string error = error_of<FormatError>([&] { read_foreign(entry.path()); });
    EXPECT_NE(error.find(entry.path().string()), std::string::npos) << error;
    for (const char* function : {"system", "eval", "exec"}) {
      if (!name.starts_with(message("hostile-", function))) continue;
      EXPECT_NE(error.find(message(".", function, "'")), std::string::npos) << error;
    }
  }
  EXPECT_GE(hostile, 11);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "EXECUTED"));
}

TEST_F(FilesOfPython, TruncatedOnesAreRejected) {
  const std::filesystem::path path = folder_ / "cut";
  for (const json& entry : manifest_) {
    const std::string whole = read_text(folder_ / entry["file"].get<std::string>());
    for (size_t percent = 0; percent < 100; ++percent) {
      write_text(path, whole.substr(0, whole.size() * percent / 100));
      const std::string error = error_of<FormatError>([&] { read_foreign(path); });
      ASSERT_NE(error.find(path.string()), std::string::npos)
          << entry["file"] << " at " << percent << " %: " << error;
    }
  }
}

}  // namespace
}  // namespace pg
