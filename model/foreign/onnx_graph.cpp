// onnx_graph.cpp: messages of onnx.proto; the numbers are field numbers.
#include "model/foreign/onnx_graph.h"

#include <limits>

#include "kernels/error.h"
#include "model/config/version.h"

namespace pg {
namespace {

constexpr int64_t kIrVersion = 7;  // required by operator set 13
constexpr int64_t kOperatorSet = 13;

enum TensorType : int64_t { kFloat = 1, kInt64 = 7 };  // TensorProto.DataType

// ValueInfoProto of a tensor [N, extents...].
ProtoMessage value_info(const std::string& name, const std::vector<int64_t>& extents) {
  ProtoMessage shape;
  ProtoMessage any;
  any.text(2, "N");  // Dimension.dim_param
  shape.message(1, any);
  for (const int64_t e : extents) {
    ProtoMessage dimension;
    dimension.integer(1, e);  // Dimension.dim_value
    shape.message(1, dimension);
  }
  ProtoMessage tensor, type, info;
  tensor.integer(1, kFloat);
  tensor.message(2, shape);
  type.message(1, tensor);
  info.text(1, name);
  info.message(2, type);
  return info;
}

template <typename T>
ProtoMessage tensor_proto(const std::string& name, TensorType type,
                          const std::vector<int64_t>& shape, const std::vector<T>& values) {
  ProtoMessage tensor;
  for (const int64_t e : shape) tensor.integer(1, e);
  tensor.integer(2, type);
  tensor.text(8, name);
  tensor.text(9, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)});
  return tensor;
}

struct AttributeWriter {
  ProtoMessage& to;
  void operator()(float v) const {
    to.number(2, v);
    to.integer(20, 1);  // type: FLOAT
  }
  void operator()(int64_t v) const {
    to.integer(3, v);
    to.integer(20, 2);  // INT
  }
  void operator()(const std::string& v) const {
    to.text(4, v);
    to.integer(20, 3);  // STRING
  }
  void operator()(const std::vector<int64_t>& values) const {
    for (const int64_t v : values) to.integer(8, v);
    to.integer(20, 7);  // INTS
  }
};

}  // namespace

void OnnxGraph::input(const std::string& name, const std::vector<int64_t>& extents) {
  inputs_.push_back(value_info(name, extents));
}

void OnnxGraph::output(const std::string& name, const std::vector<int64_t>& extents) {
  outputs_.push_back(value_info(name, extents));
}

std::string OnnxGraph::constant(const std::string& name, const std::vector<int64_t>& shape,
                                const std::vector<float>& values) {
  int64_t elements = 1;
  for (const int64_t e : shape) elements *= e;
  PG_ASSERT(elements == static_cast<int64_t>(values.size()));
  constants_.push_back(tensor_proto(name, kFloat, shape, values));
  return name;
}

std::string OnnxGraph::constant(const std::string& name, const std::vector<int64_t>& values) {
  constants_.push_back(tensor_proto(name, kInt64, {static_cast<int64_t>(values.size())}, values));
  return name;
}

std::string OnnxGraph::node(const std::string& op, const std::vector<std::string>& inputs,
                            const std::vector<OnnxAttribute>& attributes, std::string output) {
  if (output.empty()) output = message(op, "_", nodes_.size());
  ProtoMessage node;
  for (const std::string& i : inputs) node.text(1, i);
  node.text(2, output);
  node.text(3, output + "/" + op);
  node.text(4, op);
  for (const OnnxAttribute& a : attributes) {
    ProtoMessage attribute;
    attribute.text(1, a.name);
    std::visit(AttributeWriter{attribute}, a.value);
    node.message(5, attribute);
  }
  nodes_.push_back(std::move(node));
  return output;
}

std::string OnnxGraph::model(const std::string& name,
                             const std::map<std::string, std::string>& metadata) const {
  ProtoMessage graph;
  for (const ProtoMessage& n : nodes_) graph.message(1, n);
  graph.text(2, name);
  for (const ProtoMessage& c : constants_) graph.message(5, c);
  for (const ProtoMessage& i : inputs_) graph.message(11, i);
  for (const ProtoMessage& o : outputs_) graph.message(12, o);
  ProtoMessage operators, model;
  operators.text(1, "");  // the standard domain
  operators.integer(2, kOperatorSet);
  model.integer(1, kIrVersion);
  model.text(2, "progan_cuda");
  model.text(3, kProgramVersion);
  model.message(7, graph);
  model.message(8, operators);
  for (const auto& [key, value] : metadata) {
    ProtoMessage entry;
    entry.text(1, key);
    entry.text(2, value);
    model.message(14, entry);
  }
  PG_ASSERT(model.bytes().size() < std::numeric_limits<int32_t>::max());
  return model.bytes();
}

}  // namespace pg
