// torch_file.h: files of torch.save, as zip archives (since 1.6) and in the older format.
//
// The zip format has the pickle as */data.pkl and each storage as */data/KEY. The older format is a
// magic number, a protocol number and machine facts, each a pickle, then the pickle, a pickled list
// of keys, and for each key the number of elements (64 bits) and the elements.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "data/formats/pickle/host_tensor.h"
#include "data/formats/pickle/pickle.h"
#include "data/formats/zip_archive.h"

namespace pg {

class TorchFile final : public Storages {
 public:
  // Whether the file starts like the zip format, or like the older one.
  static bool is_zip(std::span<const uint8_t> bytes);
  static bool is_legacy(std::span<const uint8_t> bytes);

  // A file in memory; `bytes` must outlive this; `name` is the file in messages. Checks everything
  // except the elements in a zip archive, which are unpacked on use. Throws FormatError.
  TorchFile(std::span<const uint8_t> bytes, std::string name);

  // A zip archive that stays in its file. Throws IoError, FormatError.
  explicit TorchFile(const std::filesystem::path& zip);

  const Pickle& pickle() const { return *pickle_; }

  // Throws FormatError if the value is neither a tensor nor a number.
  HostTensor tensor(const PickleValue& value) const;

  StorageBytes storage(const PickledStorage& storage) const override;

 private:
  void open_zip(std::unique_ptr<ZipArchive> zip);
  void open_legacy(std::span<const uint8_t> bytes);
  void read_legacy_storages(std::span<const uint8_t> bytes, const PickleValue& keys);
  void check_tensors() const;
  uint64_t bytes_of(const PickledStorage& storage) const;

  std::string name_;
  std::vector<uint8_t> pickle_bytes_;  // of the zip format, whose pickle may be compressed
  std::unique_ptr<Pickle> pickle_;
  std::unique_ptr<ZipArchive> zip_;
  std::string folder_;  // of the archive, with its slash
  std::map<std::string, std::span<const uint8_t>, std::less<>> legacy_;
};

}  // namespace pg
