// See interrupts.hpp. The handlers touch lock-free atomics and async-signal-safe functions only.
#include "apps/terminal/interrupts.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "apps/terminal/style.hpp"
#include "platform/program/signals.hpp"
#include "platform/program/standard_streams.hpp"

namespace brim::apps {
namespace {

using platform::Signal;

std::atomic<int> pressed{0};
std::atomic<int> ending{0};  ///< Signal::terminate or hang_up, whichever came first; 0: neither
std::atomic<bool> working{false};
std::atomic<brim_session*> at_work{nullptr};
std::atomic<bool> coloured{false};
std::atomic<int> waker{-1};  ///< the end of the pipe that handlers write to
int woken = -1;              ///< the end that is waited on
static_assert(std::atomic<brim_session*>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

// A second SIGTERM or SIGHUP changes nothing: timeout(1) and a closing terminal send two at once.
void handle_ending(Signal signal) noexcept {
  int none = 0;
  const bool first = ending.compare_exchange_strong(none, static_cast<int>(signal));
  if (first && working.load()) brim_session_cancel(at_work.load());
  wake();
}

void handle_press(Signal signal) noexcept {
  const int earlier = pressed.fetch_add(1);
  wake();
  if (!working.load()) return;
  if (earlier == 0) {
    brim_session_cancel(at_work.load());
    return;
  }
  if (coloured.load()) (void)platform::write_some(platform::kStandardError, "\x1b[0m\n");
  platform::take_default(signal);
}

}  // namespace

void catch_interrupts() {
  coloured.store(!Style::of(platform::kStandardError).plain.empty());
  if (woken < 0) {
    const platform::WakePipe pipe = platform::open_wake_pipe();
    woken = pipe.reading;
    waker.store(pipe.writing);
  }
  platform::catch_signal(Signal::interrupt, handle_press);
  platform::catch_signal(Signal::terminate, handle_ending);
  platform::catch_signal(Signal::hang_up, handle_ending);
}

bool interrupted() noexcept { return pressed.load() > 0 || asked_to_end(); }
bool asked_to_end() noexcept { return ending.load() != 0; }
void clear_interrupts() noexcept { pressed.store(0); }

void end_interrupted() {
  const Signal signal = asked_to_end() ? static_cast<Signal>(ending.load()) : Signal::interrupt;
  platform::take_default(signal);
  std::_Exit(platform::exit_code_of(signal));
}

int wake_descriptor() noexcept { return woken; }

void clear_wakes() noexcept {
  char bytes[64];
  while (woken >= 0 && platform::read_some(woken, bytes) > 0) {
  }
}

void wake() noexcept {
  const int saved = errno;
  const int descriptor = waker.load();
  // If the pipe is full, the waiting thread wakes anyway.
  if (descriptor >= 0) (void)platform::write_some(descriptor, std::string_view("", 1));
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
