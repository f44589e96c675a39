// torch_writer.h: what torch.load reads, written value by value.
//
// The zip form: a pickle (protocol 2) of dicts, texts, numbers and tensors, and the elements of
// each tensor in an entry of its own. The pickle names collections.OrderedDict and torch's own
// _rebuild_tensor_v2 and FloatStorage, which is what torch.load(weights_only=True) lets through.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/foreign/host_array.h"

namespace pg {

// torch.save(value, path), where `value` is what the calls before write() describe: one value, or
// within a dict a key and a value in turn.
class TorchWriter {
 public:
  void begin_dict();
  void end_dict();
  void key(std::string_view name) { text(name); }

  void none();
  void boolean(bool value);
  void integer(int64_t value);  // of 32 bits
  void text(std::string_view value);

  // An OrderedDict of tensors. `aliases` are further names, each of an array of this dict, whose
  // elements they share. Arrays must outlive write().
  using Aliases = std::vector<std::pair<std::string, std::string>>;  // new name, name
  void state_dict(const std::vector<HostArray>& arrays, const Aliases& aliases = {});

  // Throws IoError, and UsageError beyond 4 GiB.
  void write(const std::filesystem::path& path);

 private:
  void global(std::string_view name);
  void tensor(const HostArray& array);
  void extents(const std::vector<int64_t>& values);

  std::string pickle_ = "\x80\x02";
  std::vector<const HostArray*> storages_;
  std::map<const HostArray*, size_t> numbers_;  // of storages
};

}  // namespace pg
