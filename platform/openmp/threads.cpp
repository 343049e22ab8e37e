// See platform/threads.hpp: the helpers are members of one OpenMP parallel region, which a thread that Brim creates
// enters and which lasts until all bodies have returned. One region per piece of work would be simpler, but at its end
// it waits for every member, also for one whose core another program has taken. Names and stacks are those of the
// runtime (OMP_STACKSIZE).
#include "platform/threads.hpp"

#include <omp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <atomic>
#include <cerrno>

namespace brim::platform {

struct HelperThreads::State {
  HelperBody body;
  void* context;
  int wanted;
  pthread_t conductor{};
  std::atomic<int> size{0};     ///< of the region; 0: not entered yet
  std::atomic<int> arrived{0};  ///< members for which the runtime has finished its allocations

  void conduct() noexcept {
#pragma omp parallel num_threads(wanted)
    {
      if (omp_get_thread_num() == 0) size.store(omp_get_num_threads(), std::memory_order_release);
      arrived.fetch_add(1, std::memory_order_acq_rel);
      body(context, omp_get_thread_num());
    }
  }
};

HelperThreads::HelperThreads(int wanted, HelperBody body, void* context)
    : state_(new State{.body = body, .context = context, .wanted = wanted}) {
  if (wanted < 1) return;
  // All members inherit the mask of the thread that creates the conductor.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const auto enter = [](void* state) -> void* {
    static_cast<State*>(state)->conduct();
    return nullptr;
  };
  failure_ = pthread_create(&state_->conductor, nullptr, enter, state_.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (failure_ != 0) return;
  while (state_->size.load(std::memory_order_acquire) == 0 ||
         state_->arrived.load(std::memory_order_acquire) < state_->size.load(std::memory_order_acquire)) {
    sched_yield();
  }
  count_ = state_->size.load(std::memory_order_relaxed);
  if (count_ < wanted) failure_ = EAGAIN;  // the runtime does not say why
}

HelperThreads::~HelperThreads() = default;

void HelperThreads::join() noexcept {
  if (count_ > 0) pthread_join(state_->conductor, nullptr);
}

}  // namespace brim::platform
