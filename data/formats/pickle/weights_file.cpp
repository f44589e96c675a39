// weights_file.cpp: recognises the format of a weights file and gives its tensors by name or in
// order.
#include "data/formats/pickle/weights_file.h"

#include <cstring>
#include <optional>

#include "data/files/read_file.h"
#include "data/formats/pickle/rejection.h"
#include "data/formats/pickle/torch_file.h"

namespace pg {

namespace {

using foreign::Rejection;
using foreign::require;
using foreign::shown;

constexpr int64_t kMostTensors = 1 << 16;  // files have hundreds, but a list may repeat one
constexpr size_t kLongestName = 1000;

bool is_safetensors(std::span<const uint8_t> bytes) {
  uint64_t length = 0;
  if (bytes.size() < sizeof(length) + 1 || bytes[sizeof(length)] != '{') return false;
  std::memcpy(&length, bytes.data(), sizeof(length));
  return length < uint64_t{1} << 40;  // also true for truncated files
}

ForeignForm form_of(std::span<const uint8_t> bytes) {
  if (TorchFile::is_zip(bytes)) return ForeignForm::torch_zip;
  if (TorchFile::is_legacy(bytes)) return ForeignForm::torch_legacy;
  if (is_safetensors(bytes)) return ForeignForm::safetensors;
  // Pickles before protocol 2 may start with any opcode; those of networks start with a tuple or an
  // object.
  const bool is_pickle = !bytes.empty() && (bytes[0] == 0x80 || bytes[0] == '(' || bytes[0] == 'c');
  if (is_pickle) return ForeignForm::pickle;
  throw Rejection{"neither a file of torch.save nor a pickle nor safetensors",
                  "use the weights file as its program wrote it"};
}

std::string checked_name(const PickleValue& name) {
  const std::string_view text = name.text();
  require(text.size() <= kLongestName, "the name of a tensor has ", text.size(),
          " bytes; expected at most ", kLongestName);
  return std::string(text);
}

void check_count(int64_t count) {
  require(count <= kMostTensors, "the file lists ", count, " tensors; expected at most ",
          kMostTensors);
}

HostTensor tensor_of(const StoredTensor& stored) {
  PickledTensor tensor;
  tensor.type = stored.dtype;
  tensor.shape = stored.shape;
  tensor.strides.resize(stored.shape.size());
  int64_t step = 1;
  // The product of the other extents is bounded only if none is 0.
  for (size_t i = stored.bytes > 0 ? stored.shape.size() : 0; i-- > 0; step *= stored.shape[i]) {
    tensor.strides[i] = step;
  }
  tensor.bytes = {reinterpret_cast<const uint8_t*>(stored.data), static_cast<size_t>(stored.bytes)};
  return {std::move(tensor), nullptr};
}

}  // namespace

std::string_view name_of(ForeignForm form) {
  switch (form) {
    case ForeignForm::torch_zip:
      return "torch.save (zip)";
    case ForeignForm::torch_legacy:
      return "torch.save (before 1.6)";
    case ForeignForm::pickle:
      return "pickle";
    case ForeignForm::safetensors:
      return "safetensors";
  }
  return "?";
}

// One of the last three is set, depending on the file format.
struct ForeignFile::Content {
  std::filesystem::path path;
  MappedFile file;
  ForeignForm form = ForeignForm::pickle;
  std::unique_ptr<Pickle> pickle;
  std::unique_ptr<TorchFile> torch;
  std::optional<Safetensors> safetensors;

  const Pickle& values() const {
    PG_CHECK(form != ForeignForm::safetensors, FormatError, "'", path.string(),
             "' is a safetensors file, which has only named tensors");
    return torch != nullptr ? torch->pickle() : *pickle;
  }

  const Safetensors& named() const {
    PG_CHECK(form == ForeignForm::safetensors, FormatError, "'", path.string(), "' is ",
             name_of(form), ", not safetensors");
    return *safetensors;
  }
};

ForeignFile::ForeignFile(std::unique_ptr<Content> content) : content_(std::move(content)) {}
ForeignFile::~ForeignFile() = default;
ForeignFile::ForeignFile(ForeignFile&&) noexcept = default;
ForeignFile& ForeignFile::operator=(ForeignFile&&) noexcept = default;

const std::filesystem::path& ForeignFile::path() const { return content_->path; }

ForeignForm ForeignFile::form() const { return content_->form; }

PickleValue ForeignFile::root() const { return content_->values().root(); }

HostTensor ForeignFile::tensor(const PickleValue& value) const {
  if (content_->torch != nullptr) return content_->torch->tensor(value);
  return {content_->values().tensor(value), nullptr};
}

NamedTensors ForeignFile::state_dict(const PickleValue& dict) const {
  return foreign::naming_file(path().string(), [&] {
    check_count(dict.size());
    NamedTensors result;
    for (int64_t i = 0; i < dict.size(); ++i) {
      const PickleValue value = dict.value(i);
      if (value.kind() != PickleKind::tensor) continue;
      result.insert_or_assign(checked_name(dict.key(i)), tensor(value));
    }
    return result;
  });
}

OrderedTensors ForeignFile::variables(const PickleValue& list) const {
  return foreign::naming_file(path().string(), [&] {
    check_count(list.size());
    OrderedTensors result;
    for (int64_t i = 0; i < list.size(); ++i) {
      const PickleValue pair = list.item(i);
      result.emplace_back(checked_name(pair.item(0)), tensor(pair.item(1)));
    }
    return result;
  });
}

std::vector<HostTensor> ForeignFile::tensor_list(const PickleValue& list) const {
  return foreign::naming_file(path().string(), [&] {
    check_count(list.size());
    std::vector<HostTensor> result;
    for (int64_t i = 0; i < list.size(); ++i) result.push_back(tensor(list.item(i)));
    return result;
  });
}

NamedTensors ForeignFile::tensors() const {
  NamedTensors result;
  for (const StoredTensor& stored : content_->named().tensors()) {
    result.emplace(stored.name, tensor_of(stored));
  }
  return result;
}

const Metadata& ForeignFile::metadata() const { return content_->named().metadata(); }

ForeignFile read_foreign(const std::filesystem::path& path) {
  auto content = std::make_unique<ForeignFile::Content>();
  content->path = path;
  content->file = MappedFile(path);
  const std::span<const uint8_t> bytes = content->file.bytes();
  foreign::naming_file(path.string(), [&] {
    content->form = form_of(bytes);
    switch (content->form) {
      case ForeignForm::torch_zip:
      case ForeignForm::torch_legacy:
        content->torch = std::make_unique<TorchFile>(bytes, path.string());
        break;
      case ForeignForm::pickle:
        content->pickle = std::make_unique<Pickle>(bytes, path.string());
        require(content->pickle->storages().empty(), "its tensors are in other files");
        break;
      case ForeignForm::safetensors:
        content->safetensors.emplace(path);
        break;
    }
  });
  return ForeignFile(std::move(content));
}

}  // namespace pg
