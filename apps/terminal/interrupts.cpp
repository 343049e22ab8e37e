// See interrupts.hpp. The handler touches lock-free atomics and async-signal-safe functions only.
#include "apps/terminal/interrupts.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

#include "apps/terminal/style.hpp"

namespace brim::apps {
namespace {

std::atomic<int> pressed{0};
std::atomic<bool> working{false};
std::atomic<brim_session*> at_work{nullptr};
std::atomic<bool> coloured{false};
static_assert(std::atomic<brim_session*>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

void handle(int) {
  const int earlier = pressed.fetch_add(1);
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

}  // namespace

void catch_interrupts() {
  coloured.store(!Style::of(STDERR_FILENO).plain.empty());
  struct sigaction action {};
  if (sigaction(SIGINT, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) return;  // in the background, say
  action = {};
  action.sa_handler = handle;  // no SA_RESTART: waiting for a line must end
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
}

bool interrupted() noexcept { return pressed.load() > 0; }
void forget_interrupts() noexcept { pressed.store(0); }

void end_interrupted() {
  signal(SIGINT, SIG_DFL);
  raise(SIGINT);
  _exit(130);
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
