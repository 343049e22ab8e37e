// See platform/threads.hpp. Uses pthreads directly: std::thread can set neither the size of a stack nor a signal mask,
// and allocates for every thread.
#include "platform/threads.hpp"

#include <pthread.h>
#include <signal.h>

#include <cerrno>
#include <charconv>
#include <vector>

namespace brim::platform {
namespace {

struct Start {
  HelperBody body;
  void* context;
  int index;
};

void* run(void* argument) noexcept {
  const Start& start = *static_cast<const Start*>(argument);
  char name[16] = "brim-";  // the longest name that Linux accepts, including NUL
  *std::to_chars(name + 5, name + sizeof name - 1, start.index + 1).ptr = '\0';
  pthread_setname_np(pthread_self(), name);
  start.body(start.context, start.index);
  return nullptr;
}

/// Blocks all signals of the calling thread during its lifetime: a thread inherits the mask of the thread that creates
/// it.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

/// Creates one thread. Returns 0 or an errno value.
int create(pthread_t& thread, Start& start) noexcept {
  pthread_attr_t attributes;
  int failure = pthread_attr_init(&attributes);
  if (failure != 0) return failure;
  failure = pthread_attr_setstacksize(&attributes, kHelperStackBytes);
  if (failure == 0) failure = pthread_create(&thread, &attributes, run, &start);
  pthread_attr_destroy(&attributes);
  // glibc puts the process's thread-local data on the stack too: in a program with a large amount of thread-local data,
  // the stack is too small.
  if (failure == EINVAL) failure = pthread_create(&thread, nullptr, run, &start);
  return failure;
}

}  // namespace

struct HelperThreads::State {
  std::vector<pthread_t> threads;
  std::vector<Start> starts;
};

HelperThreads::HelperThreads(int wanted, HelperBody body, void* context) : state_(std::make_unique<State>()) {
  const auto size = static_cast<std::size_t>(wanted > 0 ? wanted : 0);
  state_->threads.resize(size);
  for (int index = 0; index < wanted; ++index) state_->starts.push_back({body, context, index});
  const SignalsBlocked blocked;
  for (std::size_t i = 0; i < size && failure_ == 0; ++i) {
    failure_ = create(state_->threads[i], state_->starts[i]);
    if (failure_ == 0) ++count_;
  }
}

HelperThreads::~HelperThreads() = default;

void HelperThreads::join() noexcept {
  for (int i = 0; i < count_; ++i) pthread_join(state_->threads[static_cast<std::size_t>(i)], nullptr);
}

}  // namespace brim::platform
