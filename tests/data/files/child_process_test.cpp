// child_process_test.cpp: children that report, crash, hang, or outlive nothing.
#include "data/files/child_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernels/error.h"

namespace pg {
namespace {

using Event = ChildProcess::Event;
using Milliseconds = ChildProcess::Milliseconds;

constexpr Milliseconds kLong(60000);

ChildProcess shell(const std::string& command) { return {"/bin/sh", {"-c", command}}; }

std::vector<std::string> lines_of(ChildProcess& child) {
  std::vector<std::string> lines;
  for (;;) {
    const ChildProcess::Reading r = child.next(kLong);
    if (r.event != Event::line) return lines;
    lines.push_back(r.line);
  }
}

TEST(ChildProcess, GivesLinesAndExitCode) {
  ChildProcess child = shell("echo one two; echo; printf 'cut off'; exit 3");
  EXPECT_EQ(lines_of(child), (std::vector<std::string>{"one two", ""}));
  const ChildProcess::End end = child.wait();
  EXPECT_EQ(end.code, 3);
  EXPECT_FALSE(end.success());
  EXPECT_EQ(end.text(), "exit code 3");
}

TEST(ChildProcess, PassesArgumentsUnchanged) {
  ChildProcess child("/bin/sh", {"-c", "printf '%s\\n' \"$@\"", "sh", "a b", "", "$HOME"});
  EXPECT_EQ(lines_of(child), (std::vector<std::string>{"a b", "", "$HOME"}));
  EXPECT_TRUE(child.wait().success());
}

TEST(ChildProcess, NamesTheSignalOfACrash) {
  ChildProcess child = shell("echo started; kill -SEGV $$");
  EXPECT_EQ(lines_of(child), (std::vector<std::string>{"started"}));
  EXPECT_EQ(child.wait().text(), "signal 11 (Segmentation fault)");
}

TEST(ChildProcess, AHangingChildIsLateAndKilled) {
  ChildProcess child = shell("echo started; exec sleep 600");
  EXPECT_EQ(child.next(kLong).line, "started");
  EXPECT_EQ(child.next(Milliseconds(20)).event, Event::late);
  EXPECT_EQ(child.kill().signal, SIGKILL);
  EXPECT_EQ(::kill(child.id(), 0), -1) << "not reaped";
}

TEST(ChildProcess, StopsWaitingOnRequest) {
  ChildProcess child = shell("exec sleep 600");
  EXPECT_EQ(child.next(kLong, [] { return true; }).event, Event::stopped);
}

TEST(ChildProcess, IsKilledWithItsObject) {
  pid_t id = 0;
  {
    ChildProcess child = shell("exec sleep 600");
    id = child.id();
    EXPECT_EQ(::kill(id, 0), 0);
  }
  EXPECT_EQ(::kill(id, 0), -1);
}

// A run's lock would otherwise be held by a child that hangs.
TEST(ChildProcess, HasNoOtherFilesOpen) {
  const int file = ::open("/dev/zero", O_RDONLY);  // without O_CLOEXEC
  ASSERT_GT(file, STDERR_FILENO);
  ChildProcess child = shell("ls /proc/$$/fd; readlink /proc/$$/fd/0 /proc/$$/fd/2");
  const std::vector<std::string> lines = lines_of(child);
  EXPECT_EQ(lines, (std::vector<std::string>{"0", "1", "2", "/dev/null", "/dev/null"}));
  ::close(file);
}

TEST(ChildProcess, DropsTheRestOfAnEndlessLine) {
  ChildProcess child = shell("head -c 1000000 /dev/zero | tr '\\0' x; echo; echo next");
  const std::vector<std::string> lines = lines_of(child);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_LT(lines[0].size(), 200000u);
  EXPECT_EQ(lines[1], "next");
}

TEST(ChildProcess, AMissingProgramIsAnError) {
  try {
    ChildProcess child("/path/to/nothing", {});
    ADD_FAILURE() << "no error";
  } catch (const IoError& e) {
    EXPECT_STREQ(e.what(), "cannot start '/path/to/nothing': No such file or directory");
  }
}

TEST(OwnProgram, IsThatOfTheStartScriptOrTheRunningOne) {
  ::unsetenv("PROGAN_CUDA_PROGRAM");
  EXPECT_EQ(own_program(), "/proc/self/exe");
  ::setenv("PROGAN_CUDA_PROGRAM", "/opt/progan/bin/progan_cuda", 1);
  EXPECT_EQ(own_program(), "/opt/progan/bin/progan_cuda");
  ::unsetenv("PROGAN_CUDA_PROGRAM");
}

// The sleeping process holds the end of the pipe that its parent has left.
TEST(EndWithParent, AChildIsKilledWhenItsParentEnds) {
  int alive[2], ready[2];
  ASSERT_EQ(::pipe(alive), 0);
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    char byte = 0;
    if (::fork() != 0) ::_exit(::read(ready[0], &byte, 1) == 1 ? 0 : 1);
    end_with_parent();
    if (::write(ready[1], "x", 1) == 1) ::pause();
    ::_exit(1);
  }
  for (const int end : {alive[1], ready[0], ready[1]}) ::close(end);
  char byte = 0;
  EXPECT_EQ(::read(alive[0], &byte, 1), 0);
  ::close(alive[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(parent, &status, 0), parent);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace pg
