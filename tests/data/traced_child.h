// traced_child.h: runs code in a child process that dies, or whose system calls fail, at a chosen
// system call: more exact than any timing.
#pragma once

#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>
#include <initializer_list>
#include <optional>

namespace pg::testing {

// Replaces a system call: the child dies, or the call fails with `error` (0: it happens).
struct Fault {
  bool killed = false;
  int error = 0;
};

// Whether a system call can change a file, a name or a lock.
inline bool changes_files(long call) {
  for (const long each :
       {SYS_mkdir,    SYS_mkdirat,  SYS_open,      SYS_openat,    SYS_write,
        SYS_pwrite64, SYS_writev,   SYS_fsync,     SYS_fdatasync, SYS_flock,
        SYS_rename,   SYS_renameat, SYS_renameat2, SYS_link,      SYS_linkat,
        SYS_unlink,   SYS_unlinkat, SYS_rmdir,     SYS_chmod,     SYS_fchmod,
        SYS_fchmodat, SYS_chown,    SYS_fchown,    SYS_lchown,    SYS_ftruncate}) {
    if (call == each) return true;
  }
  return false;
}

// Runs `work` in a child; `decide` sees each system call of its main thread before it happens. The
// child's status as from waitpid (0: `work` returned, 1 << 8: it threw); none if this system does
// not allow tracing.
inline std::optional<int> run_traced(const std::function<void()>& work,
                                     const std::function<Fault(long call)>& decide) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(77);
    ::raise(SIGSTOP);
    int code = 0;
    try {
      work();
    } catch (const std::exception&) {
      code = 1;
    }
    ::_exit(code);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status)) return std::nullopt;
  ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  bool entering = true;
  Fault fault;
  long signal = 0;
  while (true) {
    ::ptrace(PTRACE_SYSCALL, child, nullptr, signal);
    if (::waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) return status;
    const bool at_call = WSTOPSIG(status) == (SIGTRAP | 0x80);
    signal = at_call ? 0 : WSTOPSIG(status);
    if (!at_call) continue;
    user_regs_struct registers = {};
    ::ptrace(PTRACE_GETREGS, child, nullptr, &registers);
    if (entering) {
      fault = decide(static_cast<long>(registers.orig_rax));
      if (fault.killed) {
        ::kill(child, SIGKILL);
        ::waitpid(child, &status, 0);
        return status;
      }
      if (fault.error != 0) registers.orig_rax = static_cast<unsigned long long>(-1);
    } else if (fault.error != 0) {
      registers.rax = static_cast<unsigned long long>(-fault.error);
    }
    if (fault.error != 0) ::ptrace(PTRACE_SETREGS, child, nullptr, &registers);
    entering = !entering;
  }
}

// Calls check(n) after each of the runs in which `fault` hits the n-th system call that changes
// files, n = 1, 2, ..., until a run ends before its n-th. `always` can answer other calls in every
// run. The number of faults; 0 if this system does not allow tracing.
inline int fail_everywhere(const std::function<void()>& work, Fault fault,
                           const std::function<void(int n)>& check,
                           const std::function<int(long call)>& always = {}) {
  for (int n = 1;; ++n) {
    int seen = 0;
    const auto status = run_traced(work, [&](long call) -> Fault {
      if (always && always(call) != 0) return {.error = always(call)};
      if (changes_files(call) && ++seen == n) return fault;
      return {};
    });
    if (!status) return 0;
    if (seen < n) {
      EXPECT_EQ(*status, 0) << "failed without a fault";
      return n - 1;
    }
    check(n);
  }
}

}  // namespace pg::testing
