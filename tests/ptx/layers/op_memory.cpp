// op_memory.cpp FILE [LIST]: the results of each op case on the backend that this program is linked
// with: values and gradients in f32, with exact products and in tf32.
//
// Linked with the g++ emulator it writes FILE. Linked with the PTX interpreter and given LIST
// (same_bits.txt) it reads FILE and compares. Both compute the same sums in the same order, and mma
// alike; they differ where nvcc contracts another multiplication and addition than g++, and in
// approximate functions. The cases in LIST have no such place, so their bits must be the same; the
// results of others may differ by the rounding of their terms.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <set>
#include <sstream>

#include "engine/gradcheck/checks.h"
#include "kernels/forwarding_backend.h"

namespace pg::test {
namespace {

using Bytes = std::vector<unsigned char>;

struct Result {
  DType type;
  Bytes bytes;
};

// Keeps a copy of everything that is downloaded.
class RecordingBackend : public ForwardingBackend {
 public:
  using ForwardingBackend::ForwardingBackend;
  void download(void* to, ConstTensorView from) override {
    ForwardingBackend::download(to, from);
    const auto* const bytes = static_cast<const unsigned char*>(to);
    const auto count = static_cast<size_t>(from.shape.numel() * size_of(from.dtype));
    results.push_back({from.dtype, Bytes(bytes, bytes + count)});
  }

  std::vector<Result> results;
};

std::vector<double> values_of(const Result& r) {
  std::vector<double> values;
  dispatch_float(r.type, [&]<typename T>(TypeTag<T>) {
    for (size_t i = 0; i < r.bytes.size(); i += sizeof(T)) {
      T value;
      std::memcpy(&value, r.bytes.data() + i, sizeof(T));
      values.push_back(static_cast<double>(value));
    }
  });
  return values;
}

struct Comparison {
  size_t elements = 0, different = 0;
  double error = 0;  // relative to the largest value of its tensor, in eps of f32

  void add(const Result& got, const Result& want) {
    const std::vector<double> a = values_of(got), b = values_of(want);
    double largest = std::numeric_limits<float>::min();
    for (const double x : b) largest = std::max(largest, std::abs(x));
    for (size_t i = 0; i < a.size(); ++i) {
      ++elements;
      const bool same = a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]));
      if (same) continue;
      ++different;
      const double eps = static_cast<double>(std::numeric_limits<float>::epsilon());
      const double off = std::abs(a[i] - b[i]) / largest / eps;
      error = std::isnan(off) ? std::numeric_limits<double>::infinity() : std::max(error, off);
    }
  }
};

std::vector<Result> results_of(const gradcheck::OpCase& c, MatrixMath math) {
  static const std::unique_ptr<Backend> cpu = make_cpu_backend(1, CpuPath::direct);
  auto recording = std::make_unique<RecordingBackend>(make_cuda_backend(0, math));
  Context oracle(*cpu), device(*recording, {.persistent = 1 << 20, .step = 4 << 20});
  gradcheck::compare_f32(c, device, oracle);
  return recording->results;
}

void write(std::ofstream& out, const Result& r) {
  const uint64_t count = r.bytes.size();
  out.write(reinterpret_cast<const char*>(&r.type), sizeof(r.type));
  out.write(reinterpret_cast<const char*>(&count), sizeof(count));
  out.write(reinterpret_cast<const char*>(r.bytes.data()), static_cast<std::streamsize>(count));
}

Result read(std::ifstream& in) {
  Result r{};
  uint64_t count = 0;
  in.read(reinterpret_cast<char*>(&r.type), sizeof(r.type));
  in.read(reinterpret_cast<char*>(&count), sizeof(count));
  PG_CHECK(in, FormatError, "the file of the emulator's results ends early; write it again");
  r.bytes.resize(count);
  in.read(reinterpret_cast<char*>(r.bytes.data()), static_cast<std::streamsize>(count));
  return r;
}

const char* name_of_math(MatrixMath math) { return math == MatrixMath::exact ? "exact" : "tf32"; }

// A term may be rounded once or twice, and the errors of a sum grow with the root of its length. In
// tf32 a difference in the last bit may round one factor of a later product to the other neighbour.
double allowed_error(const gradcheck::OpCase& c, MatrixMath math) {
  constexpr double kTerm = 4, kTf32 = 0x1p-11 / 0x1p-23;
  const double root = std::sqrt(c.reduction);
  return kTerm * root + (math == MatrixMath::tf32 ? kTf32 / root : 0.0);
}

// "NAME exact tf32" in each line, either or both.
std::set<std::string> read_list(const char* file) {
  std::ifstream in(file);
  PG_CHECK(in, IoError, "cannot open ", file);
  std::set<std::string> list;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    for (std::string math; words >> math;) list.insert(name + " " + math);
  }
  return list;
}

bool compare(const gradcheck::OpCase& c, MatrixMath math, bool same_bits, std::ifstream& in,
             const std::vector<Result>& got) {
  Comparison all;
  for (const Result& r : got) {
    const Result want = read(in);
    PG_CHECK(want.type == r.type && want.bytes.size() == r.bytes.size(), FormatError, c.name,
             ": the emulator wrote results of another size; write the file again");
    all.add(r, want);
  }
  const double allowed = same_bits ? 0.0 : allowed_error(c, math);
  const bool ok = all.error <= allowed;
  std::printf("%-6s %-36s %-5s %7zu numbers, %6zu differ, by up to %.2f eps (allowed %.1f)\n",
              ok ? "ok" : "FAILED", c.name.c_str(), name_of_math(math), all.elements, all.different,
              all.error, allowed);
  return ok;
}

constexpr MatrixMath kMaths[] = {MatrixMath::exact, MatrixMath::tf32};

int write_all(const char* file) {
  std::ofstream out(file, std::ios::binary);
  PG_CHECK(out, IoError, "cannot open ", file);
  for (const gradcheck::OpCase& c : gradcheck::all_op_cases()) {
    for (const MatrixMath math : kMaths) {
      for (const Result& r : results_of(c, math)) write(out, r);
    }
  }
  return 0;
}

int compare_all(const char* file, const char* list) {
  std::ifstream in(file, std::ios::binary);
  PG_CHECK(in, IoError, "cannot open ", file);
  const std::set<std::string> same = read_list(list);
  int failures = 0;
  for (const gradcheck::OpCase& c : gradcheck::all_op_cases()) {
    for (const MatrixMath math : kMaths) {
      const bool same_bits = same.contains(c.name + " " + name_of_math(math));
      failures += compare(c, math, same_bits, in, results_of(c, math)) ? 0 : 1;
    }
  }
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace pg::test

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fprintf(stderr, "usage: %s FILE [LIST]\n", argv[0]);
    return 2;
  }
  try {
    return argc == 3 ? pg::test::compare_all(argv[1], argv[2]) : pg::test::write_all(argv[1]);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
