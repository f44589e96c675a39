// torch_writer.cpp: opcodes of Python's pickle protocol 2, and the entries of the archive.
#include "model/foreign/torch_writer.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "data/formats/stored_zip.h"
#include "kernels/error.h"

namespace pg {
namespace {

constexpr char kMark = '(', kDict = '}', kSetItems = 'u', kTuple = 't', kEmptyTuple = ')';
constexpr char kReduce = 'R', kGlobal = 'c', kNone = 'N', kTrue = '\x88', kFalse = '\x89';
constexpr char kInteger = 'J', kNumber = 'G', kText = 'X', kPersistent = 'Q', kStop = '.';

std::string four_bytes(int64_t value) {
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(value >> shift & 255);
  return bytes;
}

std::vector<int64_t> row_major(const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

}  // namespace

void TorchWriter::begin_dict() {
  pickle_ += kDict;
  pickle_ += kMark;
}

void TorchWriter::end_dict() { pickle_ += kSetItems; }

void TorchWriter::none() { pickle_ += kNone; }

void TorchWriter::boolean(bool value) { pickle_ += value ? kTrue : kFalse; }

void TorchWriter::integer(int64_t value) {
  PG_ASSERT(value >= std::numeric_limits<int32_t>::min() &&
            value <= std::numeric_limits<int32_t>::max());
  pickle_ += kInteger + four_bytes(value);
}

// The bytes of an f64, the highest first.
void TorchWriter::number(double value) {
  const auto bits = std::bit_cast<uint64_t>(value);
  pickle_ += kNumber;
  for (int shift = 56; shift >= 0; shift -= 8) pickle_ += static_cast<char>(bits >> shift & 255);
}

void TorchWriter::text(std::string_view value) {
  pickle_ += kText + four_bytes(static_cast<int64_t>(value.size()));
  pickle_ += value;
}

// `name` with a line break between module and member.
void TorchWriter::global(std::string_view name) {
  pickle_ += kGlobal;
  pickle_ += name;
  pickle_ += '\n';
}

void TorchWriter::extents(const std::vector<int64_t>& values) {
  pickle_ += kMark;
  for (const int64_t v : values) integer(v);
  pickle_ += kTuple;
}

// _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks)
void TorchWriter::tensor(const HostArray& array) {
  const auto [place, fresh] = numbers_.emplace(&array, storages_.size());
  if (fresh) storages_.push_back(&array);
  global("torch._utils\n_rebuild_tensor_v2");
  pickle_ += kMark;
  pickle_ += kMark;
  text("storage");
  global("torch\nFloatStorage");
  text(std::to_string(place->second));
  text("cpu");
  integer(static_cast<int64_t>(array.values.size()));
  pickle_ += kTuple;
  pickle_ += kPersistent;
  integer(0);
  extents(array.shape);
  extents(row_major(array.shape));
  boolean(false);
  global("collections\nOrderedDict");
  pickle_ += kEmptyTuple;
  pickle_ += kReduce;
  pickle_ += kTuple;
  pickle_ += kReduce;
}

void TorchWriter::state_dict(const std::vector<HostArray>& arrays, const Aliases& aliases) {
  global("collections\nOrderedDict");
  pickle_ += kEmptyTuple;
  pickle_ += kReduce;
  pickle_ += kMark;
  for (const HostArray& a : arrays) {
    text(a.name);
    tensor(a);
  }
  for (const auto& [alias, name] : aliases) {
    const auto it = std::ranges::find(arrays, name, &HostArray::name);
    PG_ASSERT(it != arrays.end());
    text(alias);
    tensor(*it);
  }
  pickle_ += kSetItems;
}

void TorchWriter::write(const OutputPath& to) {
  pickle_ += kStop;
  StoredZip zip(to);
  zip.add("archive/data.pkl", bytes_of(pickle_));
  zip.add("archive/byteorder", bytes_of(std::string_view("little")));
  for (size_t i = 0; i < storages_.size(); ++i) {
    zip.add("archive/data/" + std::to_string(i), bytes_of(storages_[i]->values));
  }
  zip.add("archive/version", bytes_of(std::string_view("3\n")));
  zip.finish();
}

}  // namespace pg
