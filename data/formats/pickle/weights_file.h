// weights_file.h: weights files of other programs, in any supported format.
//
// The format is recognised by content: torch.save (both formats), a plain pickle (the networks of
// the official TensorFlow and Theano programs), or safetensors. The result is a tree of plain
// values for the first three, and tensors by name or in order; names are not interpreted here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "data/formats/pickle/host_tensor.h"
#include "data/formats/pickle/pickle.h"
#include "data/formats/safetensors.h"

namespace pg {

enum class ForeignForm { torch_zip, torch_legacy, pickle, safetensors };

std::string_view name_of(ForeignForm form);  // "torch.save (zip)", for messages and tables

using NamedTensors = std::map<std::string, HostTensor>;
using OrderedTensors = std::vector<std::pair<std::string, HostTensor>>;

// Everything obtained from a ForeignFile is valid as long as the file, even if it is moved. All
// functions throw FormatError with the file name; floats() of a tensor does so for damaged
// elements, which zip archives unpack only then.
class ForeignFile {
 public:
  ~ForeignFile();
  ForeignFile(ForeignFile&&) noexcept;
  ForeignFile& operator=(ForeignFile&&) noexcept;

  const std::filesystem::path& path() const;
  ForeignForm form() const;

  // The value of the pickle; root().at("netG"), root().item(2).at("static_kwargs"), ... Not of
  // safetensors.
  PickleValue root() const;

  // The tensor of a value that is one; a number is a tensor without extents.
  HostTensor tensor(const PickleValue& value) const;

  // A state_dict: the entries of a dict that are tensors, by their names.
  NamedTensors state_dict(const PickleValue& dict) const;

  // `variables` of a TensorFlow network: a list of (name, array), in the order of the file.
  OrderedTensors variables(const PickleValue& list) const;

  // `param_values` of a Theano network: a list of arrays.
  std::vector<HostTensor> tensor_list(const PickleValue& list) const;

  // All tensors of a safetensors file, and its metadata. Not of the other formats.
  NamedTensors tensors() const;
  const Metadata& metadata() const;

 private:
  friend ForeignFile read_foreign(const std::filesystem::path& path);
  struct Content;
  explicit ForeignFile(std::unique_ptr<Content> content);

  std::unique_ptr<Content> content_;
};

// Opens and checks the file. Throws IoError (cannot be read) or FormatError (unknown format,
// damaged or disallowed content).
ForeignFile read_foreign(const std::filesystem::path& path);

}  // namespace pg
