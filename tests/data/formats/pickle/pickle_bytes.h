// pickle_bytes.h: pickles written by hand, like those of Python and malformed ones.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pg::test {

inline std::span<const uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

template <typename T>
std::string little_endian(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

// Each function appends the value that it is named after; end() returns the pickle.
class PickleBytes {
 public:
  explicit PickleBytes(char protocol = 2) : out_{'\x80', protocol} {}

  PickleBytes& raw(std::string_view bytes) {
    out_ += bytes;
    return *this;
  }
  PickleBytes& integer(int32_t value) { return raw("J").raw(little_endian(value)); }
  PickleBytes& number(double value) {
    return raw("G").raw(little_endian(__builtin_bswap64(std::bit_cast<uint64_t>(value))));
  }
  PickleBytes& text(std::string_view value) {
    return raw("X").raw(little_endian(static_cast<uint32_t>(value.size()))).raw(value);
  }
  PickleBytes& python2_text(std::string_view value) {
    return raw("T").raw(little_endian(static_cast<int32_t>(value.size()))).raw(value);
  }
  PickleBytes& name(std::string_view module, std::string_view name) {
    return raw("c").raw(module).raw("\n").raw(name).raw("\n");
  }

  PickleBytes& integers(const std::vector<int32_t>& values) {  // a tuple
    raw("(");
    for (const int32_t value : values) integer(value);
    return raw("t");
  }

  // A float32 array as NumPy writes it below protocol 5.
  PickleBytes& array(const std::vector<int32_t>& shape, const std::vector<float>& values,
                     const char* core = "numpy.core.multiarray") {
    name(core, "_reconstruct").raw("(").name("numpy", "ndarray").integers({0});
    python2_text("b").raw("tR(").integer(1).integers(shape);
    name("numpy", "dtype").raw("(").python2_text("f4").integer(0).integer(1).raw("tR(");
    integer(3).python2_text("<").raw("NNN").integer(-1).integer(-1).integer(0).raw("tb");
    std::string data(values.size() * sizeof(float), '\0');
    if (!data.empty()) std::memcpy(data.data(), values.data(), data.size());
    return raw("\x89").python2_text(data).raw("tb");
  }

  // A torch tensor of 32-bit floats; contiguous unless strides are given.
  struct Tensor {
    std::string_view key;
    int32_t elements = 0;  // of the storage
    std::vector<int32_t> shape;
    std::vector<int32_t> strides = {};
    int32_t offset = 0;
    std::string_view type = "FloatStorage";
  };
  PickleBytes& tensor(Tensor tensor) {
    if (tensor.strides.empty()) {
      tensor.strides.resize(tensor.shape.size());
      int32_t step = 1;
      for (size_t i = tensor.shape.size(); i-- > 0; step *= tensor.shape[i]) {
        tensor.strides[i] = step;
      }
    }
    name("torch._utils", "_rebuild_tensor_v2").raw("((").text("storage");
    name("torch", tensor.type).text(tensor.key).text("cpu").integer(tensor.elements).raw("tQ");
    integer(tensor.offset).integers(tensor.shape).integers(tensor.strides);
    return raw("\x89").name("collections", "OrderedDict").raw(")RtR");
  }

  std::string end() const { return out_ + "."; }

 private:
  std::string out_;
};

}  // namespace pg::test
