// report.h: a table with one row for each check, and a verdict.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "engine/gradcheck/checks.h"

namespace pg::gradcheck {

// Prints each row to `out` when its check is done, followed by a line for each failure.
class Report {
 public:
  explicit Report(std::ostream& out) : out_(out) {}

  // Checks the first and second order gradients of an op.
  void check_op(const OpCase& c, Context& context);
  // Adds the result of checking the gradient of a network's loss.
  void add_network(const std::string& name, const Deviation& gradient);

  // "118 ops and 88 networks checked on cpu: all gradients agree". Throws an Error with the names
  // of all failures.
  std::string verdict(const std::string& device) const;

 private:
  void head(const char* subject, const char* columns);
  void row(const std::string& name, const std::string& columns, bool ok);

  std::ostream& out_;
  int64_t ops_ = 0, networks_ = 0;
  std::vector<std::string> failed_;
};

}  // namespace pg::gradcheck
