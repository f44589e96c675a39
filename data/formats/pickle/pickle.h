// pickle.h: Python pickles read as plain data; nothing in them is ever executed.
//
// The classes and functions that weights files need become inert nodes; any other name or opcode is
// rejected. All nodes are in one table and refer to each other by number, so values may contain
// themselves and no code recurses. Strings and arrays stay in the file; nodes and steps are
// limited, so memory is that of the file plus at most about 200 MB.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/formats/safetensors.h"

namespace pg {

namespace pickle {
struct Node;
class Nodes;
}  // namespace pickle

// text: str, bytes or bytearray, which Python 2 does not distinguish. tensor: of NumPy or PyTorch.
// object: an instance of a class. internal: a class, a function, or a part of a tensor.
enum class PickleKind : uint8_t {
  none,
  boolean,
  integer,
  number,
  text,
  list,
  tuple,
  dict,
  tensor,
  object,
  internal
};

std::string_view name_of(PickleKind kind);  // "a list", for messages

class Pickle;

// A value of a Pickle, valid as long as the Pickle. Accessors throw FormatError with the file name
// for a value of another kind.
class PickleValue {
 public:
  PickleKind kind() const;
  bool is_none() const { return kind() == PickleKind::none; }
  bool boolean() const;
  int64_t integer() const;  // of integers and booleans
  double number() const;    // of numbers, integers and booleans
  std::string_view text() const;

  // Elements of a list or tuple, entries of a dict.
  int64_t size() const;
  PickleValue item(int64_t i) const;   // of a list or tuple
  PickleValue key(int64_t i) const;    // of a dict, in the order of the file
  PickleValue value(int64_t i) const;  // of a dict

  // The entry of a dict or the attribute of an object; the last of several with the same name.
  std::optional<PickleValue> find(std::string_view name) const;
  PickleValue at(std::string_view name) const;  // throws FormatError if missing

  std::string_view class_name() const;  // of an object: "tfutil.Network"
  PickleValue state() const;            // of an object: usually a dict; none without a state

 private:
  friend class Pickle;
  PickleValue(const Pickle& owner, uint32_t id) : owner_(&owner), id_(id) {}
  const pickle::Node& node() const;
  const pickle::Node& node_of(PickleKind kind) const;
  PickleValue sequence_item(int64_t i, int64_t step, int64_t offset) const;

  const Pickle* owner_;
  uint32_t id_;
};

// The storage of a torch tensor, whose bytes are elsewhere in the file.
struct PickledStorage {
  std::string_view key;
  StoredType type = StoredType::f32;
  int64_t elements = 0;
};

// A tensor as a pickle describes it, with at most 8 extents. Strides and offset count elements and
// stay within the storage or the bytes.
struct PickledTensor {
  StoredType type = StoredType::f32;
  std::vector<int64_t> shape = {}, strides = {};
  int64_t offset = 0;
  std::optional<PickledStorage> storage = {};  // of a torch tensor
  std::span<const uint8_t> bytes = {};         // of a NumPy array
};

class Pickle {
 public:
  // Reads the pickle at the start of `bytes`, which must outlive this; more may follow it. `name`
  // is the file name for messages. Throws FormatError for a pickle that is truncated or malformed,
  // uses a disallowed name or opcode, or describes a tensor beyond its data.
  Pickle(std::span<const uint8_t> bytes, std::string name);
  ~Pickle();
  Pickle(const Pickle&) = delete;
  Pickle& operator=(const Pickle&) = delete;

  const std::string& name() const { return name_; }
  PickleValue root() const { return {*this, root_}; }
  size_t bytes_read() const { return bytes_read_; }

  std::vector<PickleValue> tensors() const;      // all, in the order of the file
  std::vector<PickledStorage> storages() const;  // each key once

  // A tensor; a number counts as one without extents, since some programs store scalars like that.
  // Throws FormatError for another kind.
  PickledTensor tensor(const PickleValue& value) const;

 private:
  friend class PickleValue;
  std::string name_;
  std::unique_ptr<pickle::Nodes> nodes_;
  uint32_t root_ = 0;
  size_t bytes_read_ = 0;
};

}  // namespace pg
