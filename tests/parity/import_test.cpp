// import_test.cpp: files with the names and shapes of every published layout give the images of the
// PyTorch implementations.
#include "model/foreign/import.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/ops/ops.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFormats[] = {"official-tf", "theano",        "gan-zoo-legacy", "gan-zoo-zip",
                                    "akanimax",    "akanimax-pre3", "tutorial",       "readme-hq",
                                    "exercise",    "mmgeneration"};

// Files of every format at one resolution, made once by the script.
class Files {
 public:
  Files(int64_t resolution, int64_t shrink)
      : folder_(fs::temp_directory_path() / message("progan-", getpid(), "-import-", resolution)) {
    const std::string script = PG_TEST_FILES "formats/make_layout_files.py";
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

Tensor tensor_of(const StoredTensor& stored, const Shape& shape) {
  std::vector<float> values(static_cast<size_t>(stored.elements()));
  stored.copy_to<float>(values);
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
std::vector<double> channels_last(const StoredTensor& stored) {
  const std::vector<int64_t>& s = stored.shape;
  std::vector<float> values(static_cast<size_t>(stored.elements()));
  stored.copy_to<float>(values);
  const AxisExtents extents = {{'n', s[0]}, {'c', s[1]}, {'y', s[2]}, {'x', s[3]}};
  const std::vector<float> turned =
      gathered(values, gather_indices({"n c y x", "n y x c", ""}, extents));
  return {turned.begin(), turned.end()};
}

// Computed in f64: pixel norm of few channels magnifies rounding where all of them are small.
void expect_same_images(const fs::path& folder, const std::string& format) {
  const Safetensors reference(folder / "reference.safetensors");
  std::vector<ForeignFile> files;
  for (const std::string name : nlohmann::json::parse(reference.metadata_at("files"))) {
    files.push_back(read_foreign(folder / name));
  }
  const ForeignNetworks networks = read_networks(files);
  const int64_t r = networks.config.model.resolution;
  const Generator generator(networks.config);
  ParameterStore g(context(), generator.specs(), DType::f64);
  load_network(networks, networks.average.empty() ? networks.g : networks.average,
               Network::generator, g);
  const Tensor z = tensor_of(reference.at("z"), {2, 1, 1, latent_size(networks.config)});
  const Tensor images = generator.forward(Weights(g, r), z, {}, {r});
  // Pixel norm of mmgeneration adds 1e-6 to the root and not 1e-8 under it, which shows where all
  // of a few channels are small.
  const double tolerance = networks.layout == Layout::mmgeneration ? 1e-4 : 1e-5;
  EXPECT_LE(relative_error(to_host(images), channels_last(reference.at("images"))), tolerance)
      << format;
  if (reference.find("scores") == nullptr) return;
  std::vector<double> scores(2);
  reference.at("scores").copy_to<double>(scores);
  const Discriminator discriminator(networks.config);
  ParameterStore d(context(), discriminator.specs(), DType::f64);
  load_network(networks, networks.d, Network::discriminator, d);
  const Tensor got = discriminator.forward(Weights(d, r), images, {}, {r}, 1).score;
  EXPECT_LE(relative_error(to_host(got), scores), 1e-5) << format;
}

// One test for all formats: the script takes longer than the comparisons.
void expect_all(int64_t resolution, int64_t shrink) {
  const Files files(resolution, shrink);
  if (!files.able()) GTEST_SKIP() << "needs /usr/bin/python3 with torch and numpy";
  ASSERT_TRUE(files.made());
  for (const char* format : kFormats) expect_same_images(files.folder() / format, format);
}

TEST(Import, GivesTheImagesOfTheOriginals) { expect_all(16, 32); }

// Deep models, with few channels (pixel norm of a single one is its sign: no test of digits).
TEST(Import, GivesTheImagesOfTheOriginalsAt512) { expect_all(512, 8); }

TEST(ImportedLayouts, HaveTheirOwnNames) {
  EXPECT_EQ(layout_name(Layout::official_tf), "official TensorFlow");
  EXPECT_EQ(layout_name(Layout::mmgeneration), "mmgeneration");
}

}  // namespace
}  // namespace pg::test
