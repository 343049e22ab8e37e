// Signals that are caught, ignored and restored. Each process that a signal may end is a child.
#include "platform/program/signals.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

using namespace brim::platform;

namespace {

std::atomic<int> came{0};
void remember(Signal signal) noexcept { came.store(static_cast<int>(signal)); }

/// The exit status of a child that does this.
template <class Work>
int status_after(Work work) {
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    ::_exit(0);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

}  // namespace

TEST_CASE("signals are caught under their own names while a catcher lives") {
  constexpr Signal kBoth[] = {Signal::window_size, Signal::go_on};
  {
    const CaughtSignals caught(kBoth, remember);
    ::raise(SIGWINCH);
    CHECK(came.load() == static_cast<int>(Signal::window_size));
    ::raise(SIGCONT);
    CHECK(came.load() == static_cast<int>(Signal::go_on));
  }
  came.store(0);
  ::raise(SIGWINCH);  // ignored by default
  CHECK(came.load() == 0);
}

TEST_CASE("what the parent ignores stays ignored") {
  const int status = status_after([] {
    ::signal(SIGINT, SIG_IGN);
    catch_signal(Signal::interrupt, remember);
    ::raise(SIGINT);
    ::_exit(came.load());
  });
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("the default is taken also in a handler, and a shell would tell") {
  const int status = status_after([] {
    catch_signal(Signal::terminate, [](Signal signal) noexcept { take_default(signal); });
    ::raise(SIGTERM);
  });
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGTERM);
  CHECK(exit_code_of(Signal::terminate) == 128 + SIGTERM);
}

TEST_CASE("a wake pipe never blocks") {
  const WakePipe pipe = open_wake_pipe();
  char byte = 0;
  CHECK(::read(pipe.reading, &byte, 1) < 0);
  CHECK(::write(pipe.writing, "", 1) == 1);
  CHECK(::read(pipe.reading, &byte, 1) == 1);
  ::close(pipe.reading);
  ::close(pipe.writing);
}
