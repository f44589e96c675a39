// import_test.cpp: files in every published layout give the images of their PyTorch
// implementations.
#include "model/foreign/import.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/ops/ops.h"
#include "tests/paths.h"
#include "tests/stored_values.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFormats[] = {"official-tf", "theano",        "gan-zoo-legacy", "gan-zoo-zip",
                                    "akanimax",    "akanimax-pre3", "tutorial",       "readme-hq",
                                    "exercise",    "mmgeneration"};

// Files of every format at one resolution, made by a script.
class Files {
 public:
  Files(int64_t resolution, int64_t shrink)
      : folder_(fs::temp_directory_path() / message("progan-", getpid(), "-import-", resolution)) {
    const std::string script = test::test_files() + "formats/make_layout_files.py";
    const std::string python = "/usr/bin/python3 ";
    able_ = std::system((python + "-c 'import numpy, torch' 2>/dev/null").c_str()) == 0;
    if (!able_) return;
    const std::string command = message(python, script, " --out ", folder_.string(),
                                        " --resolution ", resolution, " --shrink ", shrink);
    made_ = std::system(command.c_str()) == 0;
  }
  ~Files() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  bool able() const { return able_; }
  bool made() const { return made_; }
  const fs::path& folder() const { return folder_; }

 private:
  fs::path folder_;
  bool able_ = false, made_ = false;
};

Context& context() {
  static const std::unique_ptr<Backend> backend = make_cpu_backend(2, CpuPath::direct);
  static Context c(*backend);
  return c;
}

Tensor tensor_of(const Safetensors& file, const char* name, const Shape& shape) {
  const std::vector<float> values = test::values_of<float>(file, file.at(name));
  const Tensor t(context(), shape, DType::f64);
  from_host(t, std::vector<double>(values.begin(), values.end()));
  return t;
}

double relative_error(const std::vector<double>& got, const std::vector<double>& want) {
  EXPECT_EQ(got.size(), want.size());
  double error = 0, largest = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const double e = std::abs(got[i] - want[i]);
    if (!(e <= error)) error = e;  // a NaN must not pass
    largest = std::max(largest, std::abs(want[i]));
  }
  return error / largest;
}

// [N, C, H, W] values -> ours.
std::vector<double> channels_last(const Safetensors& file, const char* name) {
  const StoredTensor& stored = file.at(name);
  const std::vector<int64_t>& s = stored.shape;
  const std::vector<float> values = test::values_of<float>(file, stored);
  const AxisExtents extents = {{'n', s[0]}, {'c', s[1]}, {'y', s[2]}, {'x', s[3]}};
  const std::vector<float> turned =
      gathered(values, gather_indices({"n c y x", "n y x c", ""}, extents));
  return {turned.begin(), turned.end()};
}

// In f64: pixel norm of few channels magnifies rounding errors if all of them are small.
void expect_same_images(const fs::path& folder, const std::string& format) {
  const Safetensors reference(folder / "reference.safetensors");
  std::vector<ForeignFile> files;
  for (const std::string name : nlohmann::json::parse(reference.metadata_at("files"))) {
    files.push_back(read_foreign(folder / name));
  }
  const ForeignNetworks networks = read_networks(files);
  const int64_t r = networks.config.model.resolution;
  const Generator generator(networks.config.model, DType::f64);
  ParameterStore g(context(), generator.specs(), DType::f64);
  load_network(networks, networks.ema.empty() ? networks.g : networks.ema, Network::generator, g);
  const Tensor z = tensor_of(reference, "z", {2, 1, 1, latent_size(networks.config)});
  const Tensor images = generator.forward(Weights(g, r), z, {}, {r});
  // mmgeneration's pixel norm adds 1e-6 to the root instead of 1e-8 under it, which matters if all
  // of a few channels are small.
  const double tolerance = networks.layout == Layout::mmgeneration ? 1e-4 : 1e-5;
  EXPECT_LE(relative_error(to_host(images), channels_last(reference, "images")), tolerance)
      << format;
  if (reference.find("scores") == nullptr) return;
  const std::vector<double> scores = test::values_of<double>(reference, reference.at("scores"));
  const Discriminator discriminator(networks.config.model, DType::f64);
  ParameterStore d(context(), discriminator.specs(), DType::f64);
  load_network(networks, networks.d, Network::discriminator, d);
  const Tensor got = discriminator.forward(Weights(d, r), images, {}, {r}, 1).score;
  EXPECT_LE(relative_error(to_host(got), scores), 1e-5) << format;
}

// One test for all formats, because the script takes longer than the comparisons.
void expect_all(int64_t resolution, int64_t shrink) {
  const Files files(resolution, shrink);
  if (!files.able()) GTEST_SKIP() << "needs /usr/bin/python3 with torch and numpy";
  ASSERT_TRUE(files.made());
  for (const char* format : kFormats) expect_same_images(files.folder() / format, format);
}

TEST(Import, GivesTheImagesOfTheOriginals) { expect_all(16, 32); }

// Deep models with few channels (pixel norm of a single one is only its sign).
TEST(Import, GivesTheImagesOfTheOriginalsAt512) { expect_all(512, 8); }

TEST(ImportedLayouts, HaveTheirOwnNames) {
  EXPECT_EQ(layout_name(Layout::official_tf), "official TensorFlow");
  EXPECT_EQ(layout_name(Layout::mmgeneration), "mmgeneration");
}

}  // namespace
}  // namespace pg::test
