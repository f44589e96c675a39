// pickle_nodes.h: the table of nodes, shared by the parts of the pickle reader.
#pragma once

#include <deque>
#include <utility>

#include "data/formats/pickle/pickle.h"
#include "data/formats/pickle/rejection.h"

namespace pg::pickle {

using Id = uint32_t;

inline constexpr size_t kMostNodes = size_t{1} << 20;  // weights files have a few thousand
inline constexpr size_t kMostSteps = size_t{1} << 22;
inline constexpr size_t kMostExtents = 8;
inline constexpr Id kNone = 0;  // the first node of every table is None

// The meaning of an allowed name.
enum class Role : uint8_t {
  none,
  plain_object,       // a class whose instances are kept as objects
  dict_class,         // dict and its relatives
  ndarray,            // numpy.ndarray
  dtype,              // numpy.dtype, and the nodes made of it
  reconstruct,        // (ndarray, shape, code): an array that BUILD fills
  from_buffer,        // (bytes, dtype, shape, order): an array
  scalar,             // (dtype, bytes): a number
  encode,             // (text, encoding): bytes
  reconstructor,      // (class, object, None): an instance
  base_object,        // object itself, an argument of the above
  size,               // torch.Size
  storage,            // a storage class, and the nodes made of it
  rebuild_tensor,     // (storage, offset, shape, strides, ...)
  rebuild_parameter,  // (tensor, ...)
};

using foreign::Rejection;
using foreign::require;
using foreign::shown;

// The meaning of `text` and `items` by kind and role:
//   text               text
//   list, tuple        items: the elements
//   dict               items: key, value, key, value, ...
//   object             text: class; items: nothing or the state
//   array              items: shape, dtype, data; fortran_order
//   torch tensor       items: storage, shape, strides; integer: offset
//   storage            text: key; type; integer: elements
//   dtype, names       type; text: the full name
struct Node {
  PickleKind kind = PickleKind::none;
  Role role = Role::none;
  StoredType type = StoredType::f32;
  bool fortran_order = false;
  int64_t integer = 0;
  double number = 0;
  std::string_view text = {};
  std::vector<Id> items = {};
};

class Nodes {
 public:
  explicit Nodes(size_t file_bytes) : budget_(file_bytes) {}

  Id add(Node node);
  Node& operator[](Id id) { return nodes_[id]; }
  const Node& operator[](Id id) const { return nodes_[id]; }
  Id size() const { return static_cast<Id>(nodes_.size()); }

  // Charged before bytes of the file are copied; throws if the total exceeds the file, since no
  // weights file decodes anything twice.
  void spend(size_t bytes);

  // Keeps a decoded string, whose bytes are not in the file.
  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

 private:
  size_t budget_;
  std::deque<Node> nodes_;
  std::deque<std::string> texts_;
};

// The node of a name, "numpy.dtype"; rejects unlisted names.
Node named(std::string_view module, std::string_view name);

// The result of calling `function` with the arguments of a tuple.
Id call(Nodes& nodes, Id function, Id arguments);

// An instance of a class made with NEWOBJ.
Id instance(Nodes& nodes, Id made_class);

// BUILD: gives the value its state.
void build(Nodes& nodes, Id value, Id state);

// The storage of a torch persistent id ("storage", class, key, location, elements).
Id persistent(Nodes& nodes, Id description);

// The tensor of a node; rejects one beyond its data.
PickledTensor describe_tensor(const Nodes& nodes, const Node& node);

// Runs the pickle at the start of a span.
struct Parsed {
  Id root = 0;
  size_t bytes_read = 0;
};
Parsed parse(std::span<const uint8_t> bytes, Nodes& nodes);

}  // namespace pg::pickle
