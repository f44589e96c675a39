// own_file_test.cpp: files of this program are recognised, similar ones of others are not.
#include "data/formats/own_file.h"

#include "data/formats/npy_writer.h"
#include "data/formats/safetensors.h"
#include "data/formats/stored_zip.h"
#include "tests/data/support.h"

namespace pg::testing {
namespace {

void write_safetensors_of(const fs::path& path, const Metadata& metadata) {
  write_safetensors(path, {}, metadata);
}

// As libpng writes it by itself.
void remove_signature(const fs::path& png) {
  std::vector<uint8_t> bytes = read_bytes(png);
  bytes.erase(bytes.begin() + 33, bytes.begin() + 33 + 12 + 20);
  write_bytes(png, bytes);
}

TEST(OwnFile, PngIsKnownByItsTextChunk) {
  const TempFolder folder;
  const Image image = random_image(5, 7, 3);
  write_png(folder / "a.png", image);
  EXPECT_TRUE(is_own_png(folder / "a.png"));
  const std::vector<uint8_t> with = read_bytes(folder / "a.png");
  remove_signature(folder / "a.png");
  EXPECT_FALSE(is_own_png(folder / "a.png"));
  // The chunk changes no pixel.
  EXPECT_EQ(decode_image(with, "a").pixels, image.pixels);
  EXPECT_EQ(decode_image(read_bytes(folder / "a.png"), "a").pixels, image.pixels);
}

TEST(OwnFile, NpyIsKnownByItsPadding) {
  const TempFolder folder;
  NpyWriter writer(folder / "a.npy");
  const float value = 1;
  writer.write(std::as_bytes(std::span(&value, 1)));
  writer.finish({NpyType::f32, {1}});
  EXPECT_TRUE(is_own_npy(folder / "a.npy"));
  std::vector<float> read(1);
  NpyFile(folder / "a.npy").read(0, read);
  EXPECT_EQ(read[0], value);
  // The same array as NumPy writes it.
  std::vector<uint8_t> bytes = read_bytes(folder / "a.npy");
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }";
  std::fill(bytes.begin() + 10, bytes.begin() + 127, ' ');
  std::copy(header.begin(), header.end(), bytes.begin() + 10);
  write_bytes(folder / "b.npy", bytes);
  NpyFile(folder / "b.npy").read(0, read);
  EXPECT_FALSE(is_own_npy(folder / "b.npy"));
  EXPECT_FALSE(is_own_npy(folder / "missing.npy"));
}

TEST(OwnFile, TorchFileIsKnownByItsPadding) {
  const TempFolder folder;
  StoredZip zip(folder / "a.pth");
  zip.add("archive/data.pkl", bytes_of(std::string("x")));
  zip.finish();
  EXPECT_TRUE(is_own_pth(folder / "a.pth"));
  std::vector<uint8_t> bytes = read_bytes(folder / "a.pth");
  std::fill(bytes.begin() + 50, bytes.begin() + 64, 'Z');  // as torch.save
  write_bytes(folder / "b.pth", bytes);
  EXPECT_FALSE(is_own_pth(folder / "b.pth"));
}

TEST(OwnFile, SafetensorsAreKnownByTheirFormat) {
  const TempFolder folder;
  write_safetensors_of(folder / "network", {{"format", "progan_cuda network"}});
  write_safetensors_of(folder / "other", {{"format", "pt"}});
  write_safetensors_of(
      folder / "imported",
      {{"format", "progan_cuda checkpoint"}, {"iterations", "0"}, {"images_shown", "600000"}});
  write_safetensors_of(
      folder / "trained",
      {{"format", "progan_cuda checkpoint"}, {"iterations", "9"}, {"images_shown", "600000"}});
  write_safetensors_of(
      folder / "fresh",
      {{"format", "progan_cuda checkpoint"}, {"iterations", "0"}, {"images_shown", "0"}});
  for (const char* name : {"network", "other", "imported", "trained", "fresh"}) {
    EXPECT_EQ(is_own_network(folder / name), std::string(name) == "network") << name;
    EXPECT_EQ(is_own_import(folder / name), std::string(name) == "imported") << name;
  }
}

TEST(OwnFile, DamagedAndEmptyFilesAreNotOurs) {
  const TempFolder folder;
  for (const char* text : {"", "\x89PNG", "PK\3\4", "{", "\x08\x07\x12"}) {
    write_text(folder / "a", text);
    EXPECT_FALSE(is_own_png(folder / "a") || is_own_npy(folder / "a") || is_own_pth(folder / "a") ||
                 is_own_onnx(folder / "a") || is_own_network(folder / "a") ||
                 is_own_import(folder / "a"));
  }
}

}  // namespace
}  // namespace pg::testing
