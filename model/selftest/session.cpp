// session.cpp: starts children and reads their lines.
#include "model/selftest/session.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <optional>

#include "data/files/child_process.h"
#include "data/formats/json.h"
#include "kernels/error.h"

namespace pg::selftest {
namespace {

using nlohmann::json;
using Event = ChildProcess::Event;
using Milliseconds = ChildProcess::Milliseconds;
using Clock = std::chrono::steady_clock;

// The driver may first have to compile all kernels.
constexpr Milliseconds kStart(180'000);
constexpr int kMostHangs = 5;

// Checks take milliseconds, on an emulated GPU seconds.
Milliseconds limit_of_a_check() {
  const char* const text = std::getenv("PROGAN_SELFTEST_LIMIT");
  const double seconds = text == nullptr ? 30.0 : std::strtod(text, nullptr);
  return Milliseconds(static_cast<int64_t>(1000 * std::max(seconds, 1.0)));
}

Verdict verdict_of(const std::string& text) {
  if (text == "passed") return Verdict::passed;
  return text == "failed" ? Verdict::failed : Verdict::skipped;
}

// Reads the lines of one child, and how it ended.
class Reader {
 public:
  Reader(const Session& session, ChildJob& job, Report& report, int& hangs)
      : session_(session), job_(job), report_(report), hangs_(hangs) {}

  // Reads until the child has ended or hangs. True: more checks remain.
  bool read(ChildProcess& child) {
    const Milliseconds limit = limit_of_a_check();
    for (bool first = true;;) {
      const ChildProcess::Reading r = child.next(first ? kStart : limit, session_.stop);
      if (r.event == Event::stopped) throw Error("stopped during the selftest");
      if (r.event == Event::late) return hung(child, limit);
      if (r.event == Event::ended) return ended(child);
      const json line = parse_json_or_discard(r.line);
      if (!line.is_object()) continue;
      if (line.contains("end")) first = false;
      if (!take(line)) return false;
    }
  }

 private:
  // False: nothing more is wanted.
  bool take(const json& line) {
    if (line.contains("device")) {
      report_.device = line.value("device", "");
      report_.too_large = line.value("too_large", int64_t{0});
    } else if (line.contains("start")) {
      index_ = line.value("start", int64_t{0});
      current_ = Outcome{
          .group = line.value("group", ""),
          .name = line.value("name", ""),
          .family = TensorKernels::parse(line.value("family", "")).value_or(TensorKernels())};
    } else if (line.contains("end") && current_) {
      current_->verdict = verdict_of(line.value("verdict", ""));
      current_->error = line.value("error", 0.0);
      current_->bound = line.value("bound", 0.0);
      current_->detail = line.value("detail", "");
      return finish();
    } else if (line.contains("done")) {
      report_.complete = true;
    }
    return true;
  }

  bool finish() {
    const Outcome outcome = *current_;
    current_.reset();
    job_.first = index_ + 1;
    report_.list.push_back(outcome);
    if (session_.on_outcome) session_.on_outcome(outcome);
    if (outcome.verdict != Verdict::failed) return true;
    job_.left_out = job_.left_out | outcome.family;
    failed_last_ = true;
    return !(session_.stops_at_exact_failure && outcome.family.empty());
  }

  bool fail_current(const std::string& detail) {
    current_->verdict = Verdict::failed;
    current_->detail = detail;
    job_.without.push_back(current_->group);
    return finish();
  }

  bool hung(ChildProcess& child, Milliseconds limit) {
    child.kill();
    if (!current_ && failed_last_) return true;  // it could not end after a failure
    PG_CHECK(current_, DeviceError, "the selftest could not open ", session_.device, " within ",
             kStart.count() / 1000, " seconds");
    const bool more =
        fail_current(message("hung: it did not end within ", limit.count() / 1000, " seconds"));
    return more && ++hangs_ <= kMostHangs;
  }

  bool ended(ChildProcess& child) {
    const ChildProcess::End end = child.wait();
    if (report_.complete) return false;
    if (current_) return fail_current(message("its process ended with ", end.text()));
    // After a device error that was reported as the result of a check.
    PG_CHECK(failed_last_, DeviceError, "the selftest could not use ", session_.device,
             ": its process ended with ", end.text());
    job_.without.push_back(report_.list.back().group);
    return true;
  }

  const Session& session_;
  ChildJob& job_;
  Report& report_;
  int64_t index_ = 0;
  std::optional<Outcome> current_;
  int& hangs_;
  bool failed_last_ = false;
};

}  // namespace

std::vector<std::string> child_arguments(const ChildJob& job) {
  std::vector<std::string> list = {"selftest", kChildOption, std::to_string(job.first), "--device",
                                   job.device};
  // The command line takes no empty values.
  if (!job.left_out.empty()) list.insert(list.end(), {"--left-out", job.left_out.text()});
  if (job.extent == Extent::quick) list.push_back("--quick");
  for (const std::string& group : job.without) {
    list.push_back("--without");
    list.push_back(group);
  }
  return list;
}

Report run_session(const Session& session) {
  const Clock::time_point start = Clock::now();
  Report report;
  ChildJob job{.device = session.device, .extent = session.extent};
  int hangs = 0;
  for (bool more = true; more;) {
    ChildProcess child(own_program(), child_arguments(job));
    more = Reader(session, job, report, hangs).read(child);
  }
  report.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return report;
}

}  // namespace pg::selftest
