// image_zip_test.cpp: archives of images are read back by this program and by Python.
#include "data/sets/image_zip.h"

#include "data/formats/own_file.h"
#include "data/formats/zip_archive.h"
#include "data/images/encode.h"
#include "data/sources/source.h"
#include "tests/data/support.h"

namespace pg::testing {
namespace {

bool python_accepts(const fs::path& zip, const std::string& expression) {
  const std::string script = "import sys, zipfile; z = zipfile.ZipFile('" + zip.string() +
                             "'); n = z.namelist(); " + "sys.exit(0 if z.testzip() is None and " +
                             expression + " else 1)";
  return std::system(("/usr/bin/python3 -c \"" + script + "\"").c_str()) == 0;
}

bool has_python() { return std::system("/usr/bin/python3 -c 'import zipfile' 2>/dev/null") == 0; }

void write_zip(const fs::path& path, int count, Format format, int classes) {
  ImageZip zip(path, format);
  for (int i = 0; i < count; ++i) {
    const Image image = random_image(8, 8, 3, static_cast<uint64_t>(i));
    zip.add(encode_image(path, image, {.format = format}),
            classes > 0 ? i % classes : ImageZip::kNoLabel);
  }
  zip.finish();
}

TEST(ImageZip, IsReadWithItsClasses) {
  const TempFolder folder;
  write_zip(folder / "a.zip", 5, Format::png, 3);
  EXPECT_TRUE(is_own_image_zip(folder / "a.zip"));
  const auto source = open_source(folder / "a.zip");
  ASSERT_EQ(source->count(), 5);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(source->label(i), i % 3);
    EXPECT_EQ(source->load(i).pixels, random_image(8, 8, 3, static_cast<uint64_t>(i)).pixels);
  }
}

TEST(ImageZip, HasTheFormOfStyleGan) {
  const TempFolder folder;
  write_zip(folder / "a.zip", 1002, Format::webp, 0);
  EXPECT_TRUE(is_own_image_zip(folder / "a.zip"));
  const ZipArchive zip(folder / "a.zip", {"a.zip: ", ""});
  EXPECT_EQ(zip.entries().size(), 1003u);
  EXPECT_TRUE(zip.entries().contains("00000/img00000999.webp"));
  EXPECT_TRUE(zip.entries().contains("00001/img00001001.webp"));
  const std::vector<uint8_t> text = zip.read(zip.entries().at("dataset.json"));
  EXPECT_EQ(std::string(text.begin(), text.end()), "{\"labels\": null}\n");
}

// The plain format counts to 65534.
TEST(ImageZip, HoldsMoreEntriesThanThePlainFormat) {
  const TempFolder folder;
  {
    ImageZip zip(folder / "a.zip", Format::png);
    const std::vector<uint8_t> file = encode_image("a", random_image(1, 1, 1), {});
    for (int i = 0; i < 66000; ++i) zip.add(file, ImageZip::kNoLabel);
    zip.finish();
  }
  EXPECT_EQ(open_source(folder / "a.zip")->count(), 66000);
  if (!has_python()) GTEST_SKIP() << "needs /usr/bin/python3";
  EXPECT_TRUE(python_accepts(folder / "a.zip", "len(n) == 66001"));
}

TEST(ImageZip, LeavesNothingIfItIsNotFinished) {
  const TempFolder folder;
  {
    ImageZip zip(folder / "a.zip", Format::png);
    zip.add(encode_image("a", random_image(4, 4, 3), {}), 0);
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace pg::testing
