// png_text_test.cpp: orientations in the text chunks of a PNG and in XMP turn an image like EXIF.
#include "data/images/png_text.h"
#include "tests/data/images/encoded.h"
#include "tests/data/support.h"
#include "tests/model/bounded_memory.h"

namespace pg::testing {
namespace {

using namespace std::string_literals;

Bytes bytes_from(const std::string& text) { return {text.begin(), text.end()}; }

std::string zipped(const std::string& text) {
  std::string packed(compressBound(text.size()), '\0');
  uLongf size = packed.size();
  compress(reinterpret_cast<Bytef*>(packed.data()), &size,
           reinterpret_cast<const Bytef*>(text.data()), text.size());
  return packed.substr(0, size);
}

// As ImageMagick writes it: a name, a length, and lines of 72 hexadecimal digits.
std::string raw_profile(const std::string& name, const std::string& bytes) {
  std::string text = "\n" + name + "\n" +
                     std::string(8 - std::to_string(bytes.size()).size(), ' ') +
                     std::to_string(bytes.size());
  for (size_t i = 0; i < bytes.size(); ++i) {
    char digits[4];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<uint8_t>(bytes[i]));
    if (i % 36 == 0) text += '\n';
    text += digits;
  }
  return text + "\n";
}

std::string exif(uint8_t orientation) {
  const Bytes tiff = exif_tiff(orientation);
  return {tiff.begin(), tiff.end()};
}

std::string xmp(int orientation) {
  return "<x:xmpmeta><rdf:Description xmlns:tiff=\"http://ns.adobe.com/tiff/1.0/\" "
         "tiff:Orientation=\"" +
         std::to_string(orientation) + "\"/></x:xmpmeta>";
}

// The orientation applied to an image of 2x1 pixels with these chunks before its data.
int orientation_with(const std::vector<std::pair<std::string, std::string>>& chunks) {
  PngFile png{2, 1, 8, 0};
  for (const auto& [type, text] : chunks) png.chunk(type, bytes_from(text));
  const Image image = decode_image(png.data({0, 10, 20}).bytes(), "a.png");
  EXPECT_EQ(image.height, image.stored.orientation >= 5 ? 2 : 1);
  return image.stored.orientation;
}

TEST(PngText, RawProfilesTurnTheImage) {
  const std::string plain = raw_profile("exif", exif(6));
  const std::string prefixed = raw_profile("exif", "Exif\0\0"s + exif(6));
  EXPECT_EQ(orientation_with({{"tEXt", "Raw profile type exif\0"s + plain}}), 6);
  EXPECT_EQ(orientation_with({{"zTXt", "Raw profile type exif\0\0"s + zipped(prefixed)}}), 6);
  EXPECT_EQ(orientation_with({{"zTXt", "Raw profile type APP1\0\0"s + zipped(prefixed)}}), 6);
  EXPECT_EQ(orientation_with({{"iTXt", "Raw profile type exif\0\0\0\0\0"s + plain}}), 6);
  EXPECT_EQ(orientation_with({{"iTXt", "Raw profile type exif\0\1\0en\0x\0"s + zipped(plain)}}), 6);
  const std::string app1 = raw_profile("APP1", "http://ns.adobe.com/xap/1.0/\0"s + xmp(8));
  EXPECT_EQ(orientation_with({{"tEXt", "Raw profile type APP1\0"s + app1}}), 8);
  EXPECT_EQ(orientation_with({{"tEXt", "Raw profile type xmp\0"s + raw_profile("xmp", xmp(3))}}),
            3);
}

TEST(PngText, TurnsThePixels) {
  PngFile png{2, 1, 8, 0};
  png.data({0, 10, 20});
  const Bytes text = bytes_from("Raw profile type exif\0"s + raw_profile("exif", exif(3)));
  EXPECT_EQ(decode_image(png.chunk("tEXt", text).bytes(), "a.png").pixels, (Bytes{20, 10}));
}

TEST(PngText, XmpTurnsTheImageUnlessExifSaysOtherwise) {
  const std::string head = "XML:com.adobe.xmp\0\0\0\0\0"s;
  EXPECT_EQ(orientation_with({{"iTXt", head + xmp(6)}}), 6);
  EXPECT_EQ(orientation_with({{"iTXt", head + "<tiff:Orientation>8</tiff:Orientation>"}}), 8);
  EXPECT_EQ(orientation_with({{"iTXt", head + xmp(6)}, {"eXIf", exif(3)}}), 3);
  EXPECT_EQ(orientation_with({{"iTXt", head + xmp(9)}}), 1);
  EXPECT_EQ(orientation_with({{"iTXt", head + "tiff:Orientation"}}), 1);
}

TEST(PngText, ExifChunkPrecedesTexts) {
  const std::string text = "Raw profile type exif\0"s + raw_profile("exif", exif(6));
  EXPECT_EQ(orientation_with({{"tEXt", text}, {"eXIf", exif(3)}}), 3);
  EXPECT_EQ(orientation_with({{"tEXt", text}, {"tEXt", "Raw profile type exif\0nothing"s}}), 6);
}

TEST(PngText, DamagedTextsAreIgnored) {
  for (const std::string& text :
       {""s, "Raw profile type exif"s, "Raw profile type exif\0"s, "Raw profile type exif\0\nexif"s,
        "Raw profile type exif\0\nexif\n 8\nxyz"s,
        "Raw profile type exif\0\nexif\n 8\n45786966"s}) {
    EXPECT_EQ(orientation_with({{"tEXt", text}}), 1);
    EXPECT_EQ(orientation_with({{"zTXt", text}}), 1);
    EXPECT_EQ(orientation_with({{"iTXt", text}}), 1);
  }
}

TEST(PngText, LongTextsTakeNoMemory) {
  PngFile png{2, 1, 8, 0};
  const std::string packed = zipped(std::string(7'900'000, 'a'));
  for (int i = 0; i < 200; ++i) {
    png.chunk("zTXt", bytes_from("Raw profile type exif\0\0"s + packed));
    png.chunk("zTXt", bytes_from("Comment\0\0"s + packed));
  }
  const Bytes file = png.data({0, 10, 20}).bytes();
  EXPECT_LT(pg::test::memory_of([&] { decode_image(file, "a.png"); }), 30'000'000);
}

TEST(PngText, XmpOfWebpTurnsTheImage) {
  const Bytes still = webp_bytes(flat_image(16, {1, 2, 3}));
  Bytes chunks(still.begin() + 12, still.end());
  append_riff(chunks, "XMP ", bytes_from(xmp(6)));
  EXPECT_EQ(decode_image(webp_file(4, 16, chunks), "a.webp").stored.orientation, 6);
}

}  // namespace
}  // namespace pg::testing
