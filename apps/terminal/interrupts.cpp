// See interrupts.hpp. The handlers touch lock-free atomics and async-signal-safe functions only.
#include "apps/terminal/interrupts.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>

#include "apps/terminal/style.hpp"

namespace brim::apps {
namespace {

std::atomic<int> pressed{0};
std::atomic<int> ending{0};  ///< SIGTERM or SIGHUP, whichever came first
std::atomic<bool> working{false};
std::atomic<brim_session*> at_work{nullptr};
std::atomic<bool> coloured{false};
std::atomic<int> waker{-1};  ///< the end of the pipe that handlers write to
int woken = -1;              ///< the end that is waited on
static_assert(std::atomic<brim_session*>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

// A second SIGTERM or SIGHUP changes nothing: timeout(1) and a terminal that closes send two at once.
void handle_ending(int signal) {
  int none = 0;
  const bool first = ending.compare_exchange_strong(none, signal);
  if (first && working.load()) brim_session_cancel(at_work.load());
  wake();
}

void handle_press(int) {
  const int earlier = pressed.fetch_add(1);
  wake();
  if (!working.load()) return;
  if (earlier == 0) {
    brim_session_cancel(at_work.load());
    return;
  }
  constexpr char kPlain[] = "\x1b[0m\n";
  if (coloured.load() && write(STDERR_FILENO, kPlain, sizeof kPlain - 1) < 0) {
    // Nothing can be done about it here.
  }
  signal(SIGINT, SIG_DFL);
  raise(SIGINT);  // delivered when this handler returns
}

void catch_signal(int number, void (*handler)(int)) {
  struct sigaction action {};
  if (sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) return;  // nohup, or in the background
  action = {};
  action.sa_handler = handler;  // no SA_RESTART: waiting for a line must end
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, nullptr);
}

}  // namespace

void catch_interrupts() {
  coloured.store(!Style::of(STDERR_FILENO).plain.empty());
  int ends[2] = {-1, -1};
  if (woken < 0 && ::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0) {
    woken = ends[0];
    waker.store(ends[1]);
  }
  catch_signal(SIGINT, handle_press);
  catch_signal(SIGTERM, handle_ending);
  catch_signal(SIGHUP, handle_ending);
}

bool interrupted() noexcept { return pressed.load() > 0 || asked_to_end(); }
bool asked_to_end() noexcept { return ending.load() != 0; }
void forget_interrupts() noexcept { pressed.store(0); }

void end_interrupted() {
  const int number = asked_to_end() ? ending.load() : SIGINT;
  signal(number, SIG_DFL);
  raise(number);
  _exit(128 + number);
}

int wake_descriptor() noexcept { return woken; }

void clear_wakes() noexcept {
  char bytes[64];
  while (woken >= 0 && ::read(woken, bytes, sizeof bytes) > 0) {
  }
}

void wake() noexcept {
  const int saved = errno;
  const int descriptor = waker.load();
  if (descriptor >= 0 && ::write(descriptor, "", 1) < 0) {
    // The pipe is full: the reader wakes anyway.
  }
  errno = saved;
}

InterruptScope::InterruptScope(Session* session) noexcept {
  at_work.store(session == nullptr ? nullptr : session->get());
  working.store(true);
  if (interrupted() && session != nullptr) session->cancel();
}

InterruptScope::~InterruptScope() {
  working.store(false);
  at_work.store(nullptr);
}

}  // namespace brim::apps
