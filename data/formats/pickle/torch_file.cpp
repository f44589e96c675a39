// torch_file.cpp: the pickle of a torch file, and the storages that it names.
#include "data/formats/pickle/torch_file.h"

#include <utility>

#include "data/formats/pickle/byte_reader.h"
#include "data/formats/pickle/rejection.h"

namespace pg {

namespace {

using foreign::ByteReader;
using foreign::require;
using foreign::shown;

constexpr std::string_view kPickleEntry = "/data.pkl";
// 0x1950a86a20f9469cfc6c, little endian, as the pickle holds it.
constexpr std::string_view kMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
constexpr int64_t kLegacyProtocol = 1001;

std::string_view text_of(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The one entry FOLDER/data.pkl, as "FOLDER/".
std::string archive_folder(const ZipArchive& zip) {
  std::string folder;
  for (const auto& [entry, where] : zip.entries()) {
    const size_t slash = entry.find('/');
    if (slash == std::string::npos || entry.substr(slash) != kPickleEntry) continue;
    require(folder.empty(), "the archive has more than one data.pkl");
    folder = entry.substr(0, slash + 1);
  }
  require(!folder.empty(), "the archive has no data.pkl, so torch.save did not write it");
  return folder;
}

ZipArchive::Messages zip_messages(const std::string& name) {
  return {message("cannot import '", name, "': "), foreign::Rejection{}.advice};
}

}  // namespace

bool TorchFile::is_zip(std::span<const uint8_t> bytes) {
  return text_of(bytes).starts_with("PK\x03\x04");
}

bool TorchFile::is_legacy(std::span<const uint8_t> bytes) {
  // Preceded by at most a protocol, a frame and the opcode with the number's length.
  constexpr size_t kBehind = 24;
  return !bytes.empty() && bytes[0] == 0x80 && text_of(bytes).substr(0, kBehind).find(kMagic) < 14;
}

TorchFile::TorchFile(std::span<const uint8_t> bytes, std::string name) : name_(std::move(name)) {
  foreign::naming_file(name_, [&] {
    if (is_zip(bytes)) {
      open_zip(std::make_unique<ZipArchive>(bytes, zip_messages(name_)));
    } else {
      open_legacy(bytes);
    }
    check_tensors();
  });
}

TorchFile::TorchFile(const std::filesystem::path& zip) : name_(zip.string()) {
  foreign::naming_file(name_, [&] {
    open_zip(std::make_unique<ZipArchive>(zip, zip_messages(name_), ZipArchive::Growth::weights));
    check_tensors();
  });
}

void TorchFile::open_zip(std::unique_ptr<ZipArchive> zip) {
  zip_ = std::move(zip);
  folder_ = archive_folder(*zip_);
  const auto order = zip_->entries().find(folder_ + "byteorder");
  if (order != zip_->entries().end()) {
    require(text_of(zip_->read_start(order->second, 16)) == "little",
            "big-endian numbers are not supported");
  }
  pickle_bytes_ = zip_->read(zip_->entries().at(folder_ + "data.pkl"));
  pickle_ = std::make_unique<Pickle>(pickle_bytes_, name_);
}

void TorchFile::open_legacy(std::span<const uint8_t> bytes) {
  const auto next = [&] {
    auto pickle = std::make_unique<Pickle>(bytes, name_);
    bytes = bytes.subspan(pickle->bytes_read());
    return pickle;
  };
  const auto magic = next();
  require(magic->root().kind() == PickleKind::text && magic->root().text() == kMagic,
          "not a file of torch.save");
  const auto protocol = next();
  require(protocol->root().kind() == PickleKind::integer &&
              protocol->root().integer() == kLegacyProtocol,
          "expected version ", kLegacyProtocol, " of the format");
  const auto machine = next();
  require(machine->root().at("little_endian").boolean(), "big-endian numbers are not supported");
  pickle_ = next();
  const auto keys = next();
  read_legacy_storages(bytes, keys->root());
}

void TorchFile::read_legacy_storages(std::span<const uint8_t> bytes, const PickleValue& keys) {
  std::map<std::string_view, PickledStorage> known;
  for (const PickledStorage& storage : pickle_->storages()) known[storage.key] = storage;
  ByteReader in(bytes);
  for (int64_t i = 0; i < keys.size(); ++i) {
    const std::string_view key = keys.item(i).text();
    const auto storage = known.find(key);
    require(storage != known.end(), "no tensor uses the storage '", shown(key), "'");
    const auto elements = in.fixed<int64_t>();
    require(elements == storage->second.elements, "the storage '", shown(key), "' has ", elements,
            " elements; expected ", storage->second.elements);
    uint64_t count = 0;
    require(!__builtin_mul_overflow(elements, size_of(storage->second.type), &count),
            "the storage '", shown(key), "' is too large for memory");
    const std::string_view data = in.take(count);
    legacy_[std::string(key)] = {reinterpret_cast<const uint8_t*>(data.data()), data.size()};
  }
  require(in.at() == bytes.size(), "the last ", bytes.size() - in.at(),
          " bytes belong to no storage");
}

uint64_t TorchFile::bytes_of(const PickledStorage& storage) const {
  if (zip_ == nullptr) {
    const auto place = legacy_.find(storage.key);
    require(place != legacy_.end(), "the storage '", shown(storage.key), "' is missing");
    return place->second.size();
  }
  const auto place = zip_->entries().find(message(folder_, "data/", storage.key));
  require(place != zip_->entries().end(), "the storage '", shown(storage.key), "' is missing");
  return place->second.bytes;
}

void TorchFile::check_tensors() const {
  for (const PickleValue& value : pickle_->tensors()) {
    const PickledTensor tensor = pickle_->tensor(value);
    if (!tensor.storage.has_value()) continue;
    int64_t needed = 0;
    const bool fits =
        !__builtin_mul_overflow(tensor.storage->elements, size_of(tensor.type), &needed);
    const uint64_t bytes = bytes_of(*tensor.storage);
    require(fits && static_cast<uint64_t>(needed) == bytes, "the storage '",
            shown(tensor.storage->key), "' has ", bytes, " bytes; expected ",
            tensor.storage->elements, " elements of ", size_of(tensor.type), " bytes");
  }
}

HostTensor TorchFile::tensor(const PickleValue& value) const {
  return {pickle_->tensor(value), this};
}

StorageBytes TorchFile::storage(const PickledStorage& storage) const {
  if (zip_ == nullptr) return {legacy_.find(storage.key)->second};
  StorageBytes result;
  result.own = zip_->read(zip_->entries().at(message(folder_, "data/", storage.key)));
  result.bytes = result.own;
  return result;
}

}  // namespace pg
