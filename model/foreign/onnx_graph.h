// onnx_graph.h: a graph of ONNX operators, and the model file that runtimes load.
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

// Values are named; a node is appended behind those that make its inputs. Tensors are f32 unless
// said otherwise. Operator set 13.
class OnnxGraph {
 public:
  // Extents of inputs and outputs behind the first, which is any N.
  void input(const std::string& name, const std::vector<int64_t>& extents);
  void output(const std::string& name, const std::vector<int64_t>& extents);

  // Weights of the file; return `name`.
  std::string constant(const std::string& name, const std::vector<int64_t>& shape,
                       const std::vector<float>& values);
  std::string constant(const std::string& name, const std::vector<int64_t>& values);  // i64, [n]

  // Appends a node and returns the name of its output: `output`, or one made up from the operator.
  // An input without a name is one left out.
  std::string node(const std::string& op, const std::vector<std::string>& inputs,
                   const std::vector<OnnxAttribute>& attributes = {}, std::string output = "");

  // The model: bytes of the file. Metadata can be read by those who load it.
  std::string model(const std::string& name,
                    const std::map<std::string, std::string>& metadata) const;

 private:
  std::vector<ProtoMessage> nodes_, constants_, inputs_, outputs_;
};

}  // namespace pg
