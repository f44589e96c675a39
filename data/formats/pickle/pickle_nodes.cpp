// pickle_nodes.cpp: the table of nodes, and the checks of its tensors.
#include "data/formats/pickle/pickle_nodes.h"

#include <utility>

namespace pg::pickle {

namespace {

// The integers of a tuple of extents or strides.
std::vector<int64_t> counts(const Nodes& nodes, Id tuple, const char* what) {
  const std::vector<Id>& items = nodes[tuple].items;
  require(items.size() <= kMostExtents, "a tensor has ", items.size(),
          " extents; expected at most ", kMostExtents);
  std::vector<int64_t> result;
  for (const Id id : items) {
    const Node& node = nodes[id];
    require(node.kind == PickleKind::integer, "a tensor has ", name_of(node.kind), " as ", what);
    require(node.integer >= 0, "a tensor has ", node.integer, " as ", what);
    result.push_back(node.integer);
  }
  return result;
}

int64_t product(const std::vector<int64_t>& shape) {
  int64_t result = 1;
  for (const int64_t extent : shape) {
    require(!__builtin_mul_overflow(result, extent, &result), "a tensor is too large for memory");
  }
  return result;
}

std::vector<int64_t> dense_strides(const std::vector<int64_t>& shape, bool fortran_order) {
  std::vector<int64_t> strides(shape.size());
  int64_t step = 1;
  for (size_t i = 0; i < shape.size(); ++i) {
    const size_t axis = fortran_order ? i : shape.size() - 1 - i;
    strides[axis] = step;
    // With an extent of 0 the data does not bound the product of the others.
    if (__builtin_mul_overflow(step, shape[axis], &step)) step = 0;
  }
  return strides;
}

PickledTensor describe_array(const Nodes& nodes, const Node& node) {
  require(node.items.size() == 3, "an array has no data");
  PickledTensor tensor;
  tensor.type = nodes[node.items[1]].type;
  tensor.shape = counts(nodes, node.items[0], "an extent");
  tensor.strides = dense_strides(tensor.shape, node.fortran_order);
  const std::string_view data = nodes[node.items[2]].text;
  tensor.bytes = {reinterpret_cast<const uint8_t*>(data.data()), data.size()};
  int64_t bytes = 0;
  require(!__builtin_mul_overflow(product(tensor.shape), size_of(tensor.type), &bytes) &&
              bytes == static_cast<int64_t>(data.size()),
          "the shape of an array does not fit its ", data.size(), " bytes");
  return tensor;
}

PickledTensor describe_torch(const Nodes& nodes, const Node& node) {
  const Node& storage = nodes[node.items[0]];
  PickledTensor tensor;
  tensor.type = storage.type;
  tensor.storage = {storage.text, storage.type, storage.integer};
  tensor.shape = counts(nodes, node.items[1], "an extent");
  tensor.strides = counts(nodes, node.items[2], "a stride");
  tensor.offset = node.integer;
  require(tensor.strides.size() == tensor.shape.size(), "a tensor of ", tensor.shape.size(),
          " extents has ", tensor.strides.size(), " strides");
  require(tensor.offset >= 0, "a tensor starts before its storage");
  // Weights never repeat an element, so this also bounds a tensor's memory by the size of the file.
  const int64_t elements = product(tensor.shape);
  int64_t last = tensor.offset;
  for (size_t i = 0; elements > 0 && i < tensor.shape.size(); ++i) {
    int64_t reach = 0;
    require(!__builtin_mul_overflow(tensor.shape[i] - 1, tensor.strides[i], &reach) &&
                !__builtin_add_overflow(last, reach, &last),
            "a tensor is too large for memory");
  }
  require(elements == 0 || (elements <= storage.integer && last < storage.integer), "a tensor of ",
          elements, " elements reaches beyond the ", storage.integer, " of its storage '",
          shown(storage.text), "'");
  return tensor;
}

}  // namespace

Id Nodes::add(Node node) {
  require(nodes_.size() < kMostNodes, "the pickle has more than ", kMostNodes, " values");
  nodes_.push_back(std::move(node));
  return static_cast<Id>(nodes_.size() - 1);
}

void Nodes::spend(size_t bytes) {
  require(bytes <= budget_, "the pickle decodes the same values repeatedly");
  budget_ -= bytes;
}

PickledTensor describe_tensor(const Nodes& nodes, const Node& node) {
  return node.role == Role::reconstruct ? describe_array(nodes, node) : describe_torch(nodes, node);
}

}  // namespace pg::pickle
