// report.h: a table of checks, one row as each is done, and the sentence at its end.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "engine/gradcheck/checks.h"

namespace pg::gradcheck {

// Rows go to `out` at once. Below a row, a line for each failure says where it is.
class Report {
 public:
  explicit Report(std::ostream& out) : out_(out) {}

  // Gradient and gradient of gradient of an op.
  void check_op(const OpCase& c, Context& context);
  // The gradient of a network's loss, checked elsewhere.
  void add_network(const std::string& name, const Deviation& gradient);

  // "118 ops and 88 networks checked on cpu: all gradients agree". Throws Error that names what
  // failed.
  std::string verdict(const std::string& device) const;

 private:
  void head(const char* subject, const char* columns);
  void row(const std::string& name, const std::string& columns, bool ok);

  std::ostream& out_;
  int64_t ops_ = 0, networks_ = 0;
  std::vector<std::string> failed_;
};

}  // namespace pg::gradcheck
