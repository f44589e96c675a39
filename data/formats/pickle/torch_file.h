// torch_file.h: files of torch.save, as zip archives (since 1.6) and in the form before that.
//
// The zip form holds the pickle as */data.pkl and each storage as */data/KEY. The older form is a
// magic number, a protocol number and facts about the machine, each a pickle, then the pickle, a
// pickled list of keys, and for each key the number of elements (64 bits) and the elements.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "data/formats/pickle/host_tensor.h"
#include "data/formats/pickle/pickle.h"
#include "data/formats/zip_archive.h"

namespace pg {

class TorchFile final : public Storages {
 public:
  // Whether the file starts like one of either form.
  static bool is_zip(std::span<const uint8_t> bytes);
  static bool is_legacy(std::span<const uint8_t> bytes);

  // `bytes` must outlive this; `name` is the file in messages. Checks all but the elements of the
  // zip form, which are unpacked when first asked for. Throws FormatError.
  TorchFile(std::span<const uint8_t> bytes, std::string name);

  const Pickle& pickle() const { return *pickle_; }

  // Throws FormatError where the value is no tensor or number.
  HostTensor tensor(const PickleValue& value) const;

  std::span<const uint8_t> storage(const PickledStorage& storage) const override;

 private:
  void open_zip(std::span<const uint8_t> bytes);
  void open_legacy(std::span<const uint8_t> bytes);
  void read_legacy_storages(std::span<const uint8_t> bytes, const PickleValue& keys);
  void check_tensors() const;
  uint64_t bytes_of(const PickledStorage& storage) const;

  std::string name_;
  std::vector<uint8_t> pickle_bytes_;  // of the zip form, where the pickle may be packed
  std::unique_ptr<Pickle> pickle_;
  std::unique_ptr<ZipArchive> zip_;
  std::string folder_;  // of the archive, with its slash
  std::map<std::string, std::span<const uint8_t>, std::less<>> legacy_;
  mutable std::mutex mutex_;  // of libzip's archive and of what is unpacked
  mutable std::map<std::string, std::vector<uint8_t>, std::less<>> unpacked_;
};

}  // namespace pg
