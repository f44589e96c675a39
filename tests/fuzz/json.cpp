// json.cpp: fuzz target of JSON: files of labels, which are read in pieces, descriptions of data
// sets, and lines of stats.jsonl. The mutations nest, repeat and remove values.
#include "data/formats/json.h"

#include <algorithm>

#include "data/sets/manifest.h"
#include "data/sources/label_file.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/target.h"

namespace {

constexpr size_t kMost = 1024;

void read_labels(std::span<const uint8_t> text, size_t piece) {
  const std::vector<std::string> wanted = {"a.png", "0/b.png"};
  const auto next = [&] {
    const auto taken = text.first(std::min(piece, text.size()));
    text = text.subspan(taken.size());
    return taken;
  };
  const auto labels = pg::parse_label_file(next, "input", wanted);
  if (!labels) return;
  pg::fuzz::claim(labels->labels.size() <= wanted.size() && labels->classes <= 65536);
  for (const auto& [file, label] : labels->labels) {
    pg::fuzz::claim(label >= 0 && label < labels->classes);
  }
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  pg::fuzz::Random random(seed);
  const std::string text(reinterpret_cast<const char*>(data), size);
  return pg::fuzz::give(pg::fuzz::mutated_json(text, random, std::min(max_size, kMost)), data,
                        max_size);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  pg::fuzz::reads_or_rejects([&] { read_labels({data, size}, 1 + size % 97); });
  pg::fuzz::reads_or_rejects([&] { pg::parse_manifest(text, "dataset.json"); });
  const nlohmann::json value = pg::parse_json_or_discard(text);
  if (!value.is_discarded()) pg::fuzz::claim(pg::parse_json(value.dump()) == value);
  return 0;
}
