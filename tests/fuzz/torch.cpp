// torch.cpp: fuzz target of weights files in all formats, recognised by content. A pickle is also
// put into an archive with correct checksums, which mutations would not produce.
#include "data/formats/pickle/torch_file.h"
#include "data/formats/pickle/weights_file.h"
#include "tests/data/formats/zip_bytes.h"
#include "tests/fuzz/target.h"

namespace {

// Reads the tensors in each of the ways that the file may allow.
void read_all(const std::string& path) {
  const pg::ForeignFile file = pg::read_foreign(path);
  if (file.form() == pg::ForeignForm::safetensors) {
    for (const auto& [name, tensor] : file.tensors()) tensor.floats();
    return;
  }
  const auto each = {+[](const pg::ForeignFile& f) {
                       for (const auto& [name, tensor] : f.state_dict(f.root())) tensor.floats();
                     },
                     +[](const pg::ForeignFile& f) {
                       for (const auto& [name, tensor] : f.variables(f.root().at("variables")))
                         tensor.floats();
                     },
                     +[](const pg::ForeignFile& f) {
                       for (const auto& tensor : f.tensor_list(f.root())) tensor.floats();
                     }};
  for (const auto ask : each) pg::fuzz::reads_or_rejects([&] { ask(file); });
}

void read_in_archive(std::span<const uint8_t> pickle) {
  const std::string storage(64, '\1');
  const std::string text(reinterpret_cast<const char*>(pickle.data()), pickle.size());
  const std::string bytes = pg::test::torch_zip(text, {{"0", storage}, {"1", storage}});
  const pg::TorchFile file(pg::test::bytes_of(bytes), "input");
  for (const pg::PickleValue& value : file.pickle().tensors()) file.tensor(value).floats();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const pg::fuzz::MemoryFile file({data, size});
  pg::fuzz::reads_or_rejects([&] { read_all(file.path()); });
  if (size > 0 && data[0] == 0x80 && !pg::TorchFile::is_legacy({data, size})) {
    pg::fuzz::reads_or_rejects([&] { read_in_archive({data, size}); });
  }
  return 0;
}
