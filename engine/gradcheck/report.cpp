// report.cpp: prints the table of checks.
#include "engine/gradcheck/report.h"

#include <algorithm>
#include <iomanip>
#include <sstream>

namespace pg::gradcheck {
namespace {

constexpr int kNameWidth = 40, kColumnWidth = 21;

std::string column(const Deviation& d) {
  std::ostringstream text;
  text << std::scientific << std::setprecision(1) << d.error << " of " << d.tolerance;
  return text.str();
}

std::string counted(int64_t n, const char* noun) {
  return message(n, " ", noun, n == 1 ? "" : "s");
}

}  // namespace

void Report::check_op(const OpCase& c, Context& context) {
  if (ops_++ == 0) head("op", "first order          second order");
  const Deviation first = check_gradient(c, context), second = check_second_gradient(c, context);
  std::ostringstream columns;
  columns << std::left << std::setw(kColumnWidth) << column(first) << column(second);
  row(c.name, columns.str(), first.ok() && second.ok());
  if (!first.ok()) out_ << "    first order: " << complaint(first) << std::endl;
  if (!second.ok()) out_ << "    second order: " << complaint(second) << std::endl;
}

void Report::add_network(const std::string& name, const Deviation& gradient) {
  if (networks_++ == 0) head("network", "gradient of its loss");
  row(name, column(gradient), gradient.ok());
  if (!gradient.ok()) out_ << "    " << complaint(gradient) << std::endl;
}

void Report::head(const char* subject, const char* columns) {
  out_ << (ops_ + networks_ > 1 ? "\n" : "") << std::left << std::setw(kNameWidth) << subject
       << std::setw(2 * kColumnWidth) << columns << "(relative error of maximum)" << std::endl;
}

void Report::row(const std::string& name, const std::string& columns, bool ok) {
  out_ << std::left << std::setw(kNameWidth) << name << std::setw(2 * kColumnWidth) << columns
       << (ok ? "ok" : "FAILED") << std::endl;
  if (!ok) failed_.push_back(name);
}

std::string Report::verdict(const std::string& device) const {
  constexpr size_t kNamed = 10;
  std::string checked = ops_ > 0 ? counted(ops_, "op") : "";
  if (networks_ > 0) checked += (ops_ > 0 ? " and " : "") + counted(networks_, "network");
  checked += " checked on " + device + ": ";
  if (failed_.empty()) return checked + "all gradients agree";
  std::string names;
  for (size_t i = 0; i < std::min(kNamed, failed_.size()); ++i) {
    names += (i > 0 ? ", " : "") + failed_[i];
  }
  if (failed_.size() > kNamed) names += message(" and ", failed_.size() - kNamed, " more");
  throw Error(message(checked, counted(static_cast<int64_t>(failed_.size()), "wrong gradient"),
                      ": ", names, "; see the table"));
}

}  // namespace pg::gradcheck
