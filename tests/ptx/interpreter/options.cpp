// options.cpp: how the interpreter runs, at first from the environment.
#include <cstdlib>

#include "tests/ptx/interpreter/module.h"

namespace pg::ptx {
namespace {

bool flag(const char* name, bool otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr ? otherwise : std::string_view(value) != "0";
}

uint64_t number(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? 0 : std::strtoull(value, nullptr, 10);
}

Order order() {
  const char* const value = std::getenv("PTX_ORDER");
  const std::string_view name = value == nullptr ? "lockstep" : value;
  if (name == "lockstep") return Order::lockstep;
  if (name == "reverse") return Order::reverse;
  if (name == "serial") return Order::serial;
  fail("PTX_ORDER: expected lockstep, reverse or serial, got '" + std::string(name) + "'");
}

hardware::TensorCore tensor_core() {
  const char* const value = std::getenv("PTX_MMA");
  const std::string_view name = value == nullptr ? "rounded" : value;
  if (name == "rounded") return hardware::TensorCore::rounded;
  if (name == "hopper") return hardware::TensorCore::hopper;
  if (name == "ampere") return hardware::TensorCore::ampere;
  fail("PTX_MMA: expected rounded, hopper or ampere, got '" + std::string(name) + "'");
}

Options from_environment() {
  Options o;
  o.order = order();
  o.races = flag("PTX_RACES", o.races);
  o.global_races = flag("PTX_GLOBAL_RACES", o.global_races);
  o.strict_tf32 = flag("PTX_STRICT_TF32", o.strict_tf32);
  o.tensor_core = tensor_core();
  o.sample = number("PTX_SAMPLE");
  o.random_sample = number("PTX_RANDOM_SAMPLE");
  return o;
}

}  // namespace

Options& options() {
  static Options o = from_environment();
  return o;
}

}  // namespace pg::ptx
