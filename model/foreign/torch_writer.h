// torch_writer.h: files for torch.load, written value by value.
//
// The zip format: a pickle (protocol 2) of dicts, strings, numbers and tensors, and one entry with
// the elements of each tensor. The pickle refers only to collections.OrderedDict and torch's
// _rebuild_tensor_v2 and FloatStorage, which torch.load(weights_only=True) accepts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "data/files/output_path.h"
#include "model/foreign/host_array.h"

namespace pg {

// torch.save(value, path): the calls before write() describe one value, and within a dict keys and
// values in turn.
class TorchWriter {
 public:
  void begin_dict();
  void end_dict();
  void key(std::string_view name) { text(name); }

  void none();
  void boolean(bool value);
  void integer(int64_t value);  // of 32 bits
  void number(double value);
  void text(std::string_view value);

  // An OrderedDict of tensors. `aliases` are additional names of arrays of this dict, which share
  // their elements. Arrays must outlive write().
  using Aliases = std::vector<std::pair<std::string, std::string>>;  // new name, name
  void state_dict(const std::vector<HostArray>& arrays, const Aliases& aliases = {});

  // Throws IoError, and UsageError beyond 4 GiB.
  void write(const OutputPath& to);

 private:
  void global(std::string_view name);
  void tensor(const HostArray& array);
  void extents(const std::vector<int64_t>& values);

  std::string pickle_ = "\x80\x02";
  std::vector<const HostArray*> storages_;
  std::map<const HostArray*, size_t> numbers_;  // of storages
};

}  // namespace pg
