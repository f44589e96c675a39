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
constexpr int64_t kStartBytes = 64;  // enough to recognise a format

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

// The tensors of a safetensors file, each read when it is asked for.
class NamedStorages final : public Storages {
 public:
  explicit NamedStorages(const std::filesystem::path& path) : file_(path) {}

  const Safetensors& file() const { return file_; }

  StorageBytes storage(const PickledStorage& storage) const override {
    const StoredTensor& tensor = file_.at(storage.key);
    StorageBytes result;
    result.own.resize(static_cast<size_t>(tensor.bytes));
    file_.read(tensor, std::as_writable_bytes(std::span(result.own)));
    result.bytes = result.own;
    return result;
  }

  HostTensor tensor(const StoredTensor& stored) const {
    PickledTensor tensor;
    tensor.type = stored.dtype;
    tensor.shape = stored.shape;
    tensor.strides.resize(stored.shape.size());
    int64_t step = 1;
    // The product of the other extents is bounded only if none is 0.
    for (size_t i = stored.bytes > 0 ? stored.shape.size() : 0; i-- > 0; step *= stored.shape[i]) {
      tensor.strides[i] = step;
    }
    tensor.storage = {stored.name, stored.dtype, stored.elements()};
    return {std::move(tensor), this};
  }

 private:
  Safetensors file_;
};

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
  std::vector<uint8_t> bytes;  // of a pickle or a torch file in the older format
  ForeignForm form = ForeignForm::pickle;
  std::unique_ptr<Pickle> pickle;
  std::unique_ptr<TorchFile> torch;
  std::optional<NamedStorages> safetensors;

  const Pickle& values() const {
    PG_CHECK(form != ForeignForm::safetensors, FormatError, "'", path.string(),
             "' is a safetensors file, which has only named tensors");
    return torch != nullptr ? torch->pickle() : *pickle;
  }

  const NamedStorages& named() const {
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
  const NamedStorages& named = content_->named();
  for (const StoredTensor& stored : named.file().tensors()) {
    result.emplace(stored.name, named.tensor(stored));
  }
  return result;
}

const Metadata& ForeignFile::metadata() const { return content_->named().file().metadata(); }

ForeignFile read_foreign(const std::filesystem::path& path) {
  auto content = std::make_unique<ForeignFile::Content>();
  content->path = path;
  foreign::naming_file(path.string(), [&] {
    content->form = form_of(read_file_start(path, kStartBytes));
    const bool whole =
        content->form == ForeignForm::torch_legacy || content->form == ForeignForm::pickle;
    if (whole) content->bytes = read_file(path, limits::kWeightsBytes);
    switch (content->form) {
      case ForeignForm::torch_zip:
        content->torch = std::make_unique<TorchFile>(path);
        break;
      case ForeignForm::torch_legacy:
        content->torch = std::make_unique<TorchFile>(content->bytes, path.string());
        break;
      case ForeignForm::pickle:
        content->pickle = std::make_unique<Pickle>(content->bytes, path.string());
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
