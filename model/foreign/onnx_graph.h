// onnx_graph.h: a graph of ONNX operators, and its model file.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "data/formats/protobuf.h"

namespace pg {

struct OnnxAttribute {
  std::string name;
  std::variant<float, int64_t, std::string, std::vector<int64_t>> value;
};

// Values have names; nodes are appended after those that compute their inputs. Tensors are f32
// unless noted. Operator set 13.
class OnnxGraph {
 public:
  // Extents of inputs and outputs after the first, which is any N.
  void input(const std::string& name, const std::vector<int64_t>& extents);
  void output(const std::string& name, const std::vector<int64_t>& extents);

  // Weights; return `name`.
  std::string constant(const std::string& name, const std::vector<int64_t>& shape,
                       const std::vector<float>& values);
  std::string constant(const std::string& name, const std::vector<int64_t>& values);  // i64, [n]

  // Appends a node and returns the name of its output: `output`, or one made from the operator. An
  // empty name is an omitted input.
  std::string node(const std::string& op, const std::vector<std::string>& inputs,
                   const std::vector<OnnxAttribute>& attributes = {}, std::string output = "");

  // The bytes of the model file.
  std::string model(const std::string& name,
                    const std::map<std::string, std::string>& metadata) const;

 private:
  std::vector<ProtoMessage> nodes_, constants_, inputs_, outputs_;
};

}  // namespace pg
