// fake_cudnn.cpp: a libcudnn.so.9 that computes convolutions in host memory by literal loops.
//
// It offers five engines, of which a careful caller uses one. The others give NaN (0:
// nondeterministic, 1: tensor cores, in f32; 3: a huge workspace) or an error (2).
#include <cudnn_graph.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <vector>

namespace {

enum Engine : int64_t { kAtomic, kTensor, kFails, kHuge, kGood, kEngines };
constexpr int64_t kWorkspace = 1000;

// Attributes by name: bytes, or other objects, which live as long as their references.
struct Object {
  cudnnBackendDescriptorType_t type;
  std::map<int, std::vector<char>> values;
  std::map<int, std::shared_ptr<Object>> parts;
  int64_t engine = -1;

  template <typename T>
  T value(cudnnBackendAttributeName_t name, size_t index = 0) const {
    T v{};
    std::memcpy(&v, values.at(name).data() + index * sizeof v, sizeof v);
    return v;
  }
  const Object& part(cudnnBackendAttributeName_t name) const { return *parts.at(name); }
};
using Handle = std::shared_ptr<Object>;

Handle& object_of(cudnnBackendDescriptor_t d) { return *static_cast<Handle*>(d); }

size_t size_of(cudnnBackendAttributeType_t type) {
  const bool wide = type == CUDNN_TYPE_INT64 || type == CUDNN_TYPE_DOUBLE ||
                    type == CUDNN_TYPE_VOID_PTR || type == CUDNN_TYPE_HANDLE;
  return wide ? 8 : (type == CUDNN_TYPE_CHAR ? 1 : 4);
}

// A tensor of an operation, and its address in this execution.
struct Tensor {
  cudnnDataType_t type;
  int64_t extents[4], strides[4];  // N, C, H, W
  char* data = nullptr;

  Tensor(const Object& d, const Object& pack)
      : type(d.value<cudnnDataType_t>(CUDNN_ATTR_TENSOR_DATA_TYPE)) {
    for (size_t i = 0; i < 4; ++i) {
      extents[i] = d.value<int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS, i);
      strides[i] = d.value<int64_t>(CUDNN_ATTR_TENSOR_STRIDES, i);
    }
    const auto id = d.value<int64_t>(CUDNN_ATTR_TENSOR_UNIQUE_ID);
    for (size_t i = 0; i < 3; ++i) {
      if (pack.value<int64_t>(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, i) != id) continue;
      data = pack.value<char*>(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, i);
    }
  }
  size_t at(int64_t n, int64_t c, int64_t h, int64_t w) const {
    return static_cast<size_t>(n * strides[0] + c * strides[1] + h * strides[2] + w * strides[3]);
  }
  double get(size_t i) const {
    if (type == CUDNN_DATA_FLOAT) return reinterpret_cast<const float*>(data)[i];
    return std::bit_cast<float>(uint32_t{reinterpret_cast<const uint16_t*>(data)[i]} << 16);
  }
  void put(size_t i, double v) {
    if (type == CUDNN_DATA_FLOAT) {
      reinterpret_cast<float*>(data)[i] = static_cast<float>(v);
      return;
    }
    const uint32_t bits = std::bit_cast<uint32_t>(static_cast<float>(v));
    reinterpret_cast<uint16_t*>(data)[i] =
        static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
  }
  size_t count() const {
    return static_cast<size_t>(extents[0] * extents[1] * extents[2] * extents[3]);
  }
};

struct Names {
  cudnnBackendAttributeName_t convolution, x, w, y, alpha, beta;
};

Names names_of(cudnnBackendDescriptorType_t type) {
  if (type == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR) {
    return {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
  }
  if (type == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR) {
    return {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};
  }
  return {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
}

// Calls f(index in x, in w, in y) for each product of a convolution.
template <typename F>
void for_each_product(const Tensor& x, const Tensor& w, const Tensor& y, int64_t pad, F f) {
  for (int64_t i = 0; i < static_cast<int64_t>(y.count()); ++i) {
    const int64_t q = i % y.extents[3], p = i / y.extents[3] % y.extents[2];
    const int64_t k = i / (y.extents[3] * y.extents[2]) % y.extents[1];
    const int64_t n = i / (y.extents[3] * y.extents[2] * y.extents[1]);
    for (int64_t r = 0; r < w.extents[2]; ++r) {
      for (int64_t s = 0; s < w.extents[3]; ++s) {
        const int64_t h = p + r - pad, v = q + s - pad;
        if (h < 0 || v < 0 || h >= x.extents[2] || v >= x.extents[3]) continue;
        for (int64_t c = 0; c < w.extents[1]; ++c) {
          f(x.at(n, c, h, v), w.at(k, c, r, s), y.at(n, k, p, q));
        }
      }
    }
  }
}

void compute(const Object& op, const Object& pack, bool spoil) {
  const Names names = names_of(op.type);
  Tensor x(op.part(names.x), pack), w(op.part(names.w), pack), y(op.part(names.y), pack);
  const auto pad =
      op.part(names.convolution).value<int64_t>(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, 0);
  const bool to_x = op.type == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR;
  const bool to_w = op.type == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR;
  Tensor& result = to_x ? x : (to_w ? w : y);
  std::vector<double> sums(result.count(), 0.0);
  for_each_product(x, w, y, pad, [&](size_t i, size_t j, size_t k) {
    sums[to_x ? i : (to_w ? j : k)] +=
        (to_x ? 1.0 : x.get(i)) * (to_w ? 1.0 : w.get(j)) * (to_x || to_w ? y.get(k) : 1.0);
  });
  const auto alpha = op.value<double>(names.alpha), beta = op.value<double>(names.beta);
  for (size_t i = 0; i < sums.size(); ++i) {
    const double before = beta == 0.0 ? 0.0 : beta * result.get(i);
    const double nan = std::numeric_limits<double>::quiet_NaN();
    result.put(i, spoil ? nan : alpha * sums[i] + before);
  }
}

const Object& operation_of(const Object& plan) {
  return plan.part(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG)
      .part(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH)
      .part(CUDNN_ATTR_OPERATIONGRAPH_OPS);
}

}  // namespace

extern "C" {

size_t cudnnGetVersion() { return CUDNN_VERSION; }
const char* cudnnGetErrorString(cudnnStatus_t) { return "error of the stand-in"; }
void cudnnGetLastErrorString(char* text, size_t most) { std::strncpy(text, "none", most); }
cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  *handle = reinterpret_cast<cudnnHandle_t>(new int(0));
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
  delete reinterpret_cast<int*>(handle);
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetStream(cudnnHandle_t, cudaStream_t) { return CUDNN_STATUS_SUCCESS; }

cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type,
                                           cudnnBackendDescriptor_t* descriptor) {
  *descriptor =
      new Handle(std::make_shared<Object>(Object{.type = type, .values = {}, .parts = {}}));
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t descriptor) {
  delete static_cast<Handle*>(descriptor);
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t) { return CUDNN_STATUS_SUCCESS; }

cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t descriptor,
                                       cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t count,
                                       const void* values) {
  Object& object = *object_of(descriptor);
  if (type == CUDNN_TYPE_BACKEND_DESCRIPTOR) {
    object.parts[name] = object_of(*static_cast<const cudnnBackendDescriptor_t*>(values));
    return CUDNN_STATUS_SUCCESS;
  }
  const auto* const bytes = static_cast<const char*>(values);
  object.values[name].assign(bytes, bytes + static_cast<size_t>(count) * size_of(type));
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t descriptor,
                                       cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t, int64_t most, int64_t* count,
                                       void* values) {
  Object& object = *object_of(descriptor);
  *count = 1;
  if (name == CUDNN_ATTR_ENGINEHEUR_RESULTS) {
    for (*count = 0; *count < std::min<int64_t>(most, kEngines); ++*count) {
      Object& config = *object_of(static_cast<cudnnBackendDescriptor_t*>(values)[*count]);
      config.engine = *count;
      config.parts = object.parts;
    }
  } else if (name == CUDNN_ATTR_ENGINECFG_ENGINE) {
    object_of(*static_cast<cudnnBackendDescriptor_t*>(values))->engine = object.engine;
  } else if (name == CUDNN_ATTR_ENGINE_GLOBAL_INDEX) {
    *static_cast<int64_t*>(values) = object.engine;
  } else if (name == CUDNN_ATTR_ENGINE_NUMERICAL_NOTE) {
    const auto note = object.engine == kAtomic ? CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC
                                               : CUDNN_NUMERICAL_NOTE_TENSOR_CORE;
    *count = object.engine == kAtomic || object.engine == kTensor ? 1 : 0;
    if (*count == 1) *static_cast<cudnnBackendNumericalNote_t*>(values) = note;
  } else if (name == CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE) {
    const int64_t engine = object.part(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG).engine;
    *static_cast<int64_t*>(values) = engine == kHuge ? int64_t{1} << 40 : kWorkspace;
  } else {
    *count = 0;
  }
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendExecute(cudnnHandle_t, cudnnBackendDescriptor_t plan,
                                  cudnnBackendDescriptor_t pack) {
  const int64_t engine = object_of(plan)->part(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG).engine;
  if (engine == kFails) return CUDNN_STATUS_EXECUTION_FAILED;
  const Object& op = operation_of(*object_of(plan));
  const Object& places = *object_of(pack);
  std::memset(places.value<void*>(CUDNN_ATTR_VARIANT_PACK_WORKSPACE), 0xff, kWorkspace);
  const Tensor x(op.part(names_of(op.type).x), places);
  compute(
      op, places,
      engine == kAtomic || engine == kHuge || (engine == kTensor && x.type == CUDNN_DATA_FLOAT));
  return CUDNN_STATUS_SUCCESS;
}

}  // extern "C"
