// A JavaScript function that is called with what threads of the library report: they put it into a queue and continue,
// and the event loop delivers it. Therefore the function cannot answer a progress callback at once: stop(), which an
// AbortSignal calls, and a function that returns false end the work at its next report.
#pragma once

#include <brim/brim.h>
#include <node_api.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <string>

#include "bindings/node/call.hpp"

namespace brim_node {

class Listener {
 public:
  /// `function` is called with ("info" or "warning", sentence), with (done, total), or with nothing for flush(). False as
  /// its result stops the work. It does not keep the program running, and must not hold the listener, which holds it.
  static std::shared_ptr<Listener> of(napi_env env, napi_value function, const char* name) {
    napi_valuetype type = napi_undefined;
    check(env, napi_typeof(env, function, &type));
    if (type != napi_function) wrong_type(env, name, "a function", function);
    std::shared_ptr<Listener> made(new Listener);
    auto ending = std::make_unique<std::shared_ptr<Queue>>(made->queue_);
    napi_threadsafe_function queue = nullptr;
    check(env, napi_create_threadsafe_function(env, function, nullptr, text_value(env, "brim"), 0, 1, ending.get(),
                                               ended, ending.get(), deliver, &queue));
    ending.release();
    made->queue_->function = queue;
    check(env, napi_unref_threadsafe_function(env, queue));
    return made;
  }
  ~Listener() {
    const std::lock_guard<std::mutex> lock(queue_->mutex);
    if (queue_->function != nullptr) napi_release_threadsafe_function(queue_->function, napi_tsfn_release);
    queue_->function = nullptr;
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Any thread. resume(): the next work is not stopped.
  void stop() { queue_->stopped.store(true); }
  void resume() { queue_->stopped.store(false); }
  /// Whether something is on its way to the function. Then the function is called without arguments after that, and the
  /// program runs at least until then. On the event loop.
  bool flush(napi_env env) {
    {
      const std::lock_guard<std::mutex> lock(queue_->mutex);
      if (queue_->waiting == 0 || queue_->function == nullptr) return false;
      check(env, napi_ref_threadsafe_function(env, queue_->function));
      ++queue_->flushes;
    }
    if (put({kFlush, {}, 0, 0})) return true;
    queue_->end_flush(env);
    return false;
  }
  /// As a brim_progress and a brim_log, with the listener as `user`. Any thread.
  static int progress(void* user, std::int64_t done, std::int64_t total) {
    auto& own = *static_cast<Listener*>(user);
    own.put({kProgress, {}, static_cast<double>(done), static_cast<double>(total)});
    return own.queue_->stopped.load() ? 0 : 1;
  }
  static void log(void* user, brim_log_level level, const char* sentence) {
    try {
      static_cast<Listener*>(user)->put({level == BRIM_LOG_WARNING ? "warning" : "info", sentence, 0, 0});
    } catch (const std::bad_alloc&) {
      // One line is lost.
    }
  }

 private:
  static constexpr const char *kProgress = "", *kFlush = "flush";
  struct Said {
    const char* level;  // kProgress, kFlush, or of a line of the log
    std::string sentence;
    double done, total;
  };

  /// Outlives the listener until Node has ended the queue, and the queue until the listener is gone: whichever is
  /// later.
  struct Queue {
    std::mutex mutex;
    napi_threadsafe_function function = nullptr;  ///< null: Node has ended it, because the program ends
    std::size_t waiting = 0;                      ///< what was put and is not delivered yet
    int flushes = 0;                              ///< of them; only the event loop uses it
    std::atomic<bool> stopped{false};

    void end_flush(napi_env env) {
      const std::lock_guard<std::mutex> lock(mutex);
      if (--flushes == 0 && function != nullptr) napi_unref_threadsafe_function(env, function);
    }
  };

  Listener() = default;

  static void ended(napi_env, void* data, void*) {
    const std::unique_ptr<std::shared_ptr<Queue>> own(static_cast<std::shared_ptr<Queue>*>(data));
    const std::lock_guard<std::mutex> lock((*own)->mutex);
    (*own)->function = nullptr;
  }

  // Whether it will be delivered, unless the program ends.
  bool put(Said said) {
    std::unique_ptr<Said> copy(new (std::nothrow) Said(std::move(said)));
    const std::lock_guard<std::mutex> lock(queue_->mutex);
    if (copy == nullptr || queue_->function == nullptr) return false;
    const napi_status queued = napi_call_threadsafe_function(queue_->function, copy.get(), napi_tsfn_nonblocking);
    if (queued == napi_closing) queue_->function = nullptr;  // the program ends, and this was the queue's last use
    if (queued != napi_ok) return false;
    copy.release();
    ++queue_->waiting;
    return true;
  }

  static void deliver(napi_env env, napi_value function, void* context, void* data) {
    const std::unique_ptr<Said> said(static_cast<Said*>(data));
    if (env == nullptr) return;  // the program ends
    const std::shared_ptr<Queue> queue = *static_cast<std::shared_ptr<Queue>*>(context);
    {
      const std::lock_guard<std::mutex> lock(queue->mutex);
      --queue->waiting;
    }
    const bool flush = said->level == kFlush;
    if (flush) queue->end_flush(env);
    try {
      napi_value arguments[2] = {}, self = undefined(env);
      if (flush) {
        // No arguments.
      } else if (said->level != kProgress) {
        arguments[0] = text_value(env, std::string(said->level));
        arguments[1] = text_value(env, said->sentence);
      } else {
        check(env, napi_create_double(env, said->done, &arguments[0]));
        check(env, napi_create_double(env, said->total, &arguments[1]));
      }
      // index.js catches what the program's own function throws; anything else is handled as for any function that the
      // event loop calls.
      napi_value result = nullptr;
      bool goes_on = true;
      const napi_status called = napi_call_function(env, self, function, flush ? 0 : 2, arguments, &result);
      if (called == napi_ok && napi_get_value_bool(env, result, &goes_on) == napi_ok && !goes_on) {
        queue->stopped.store(true);
      } else if (called == napi_pending_exception) {
        napi_value thrown = nullptr;
        check(env, napi_get_and_clear_last_exception(env, &thrown));
        check(env, napi_fatal_exception(env, thrown));
      }
    } catch (const Pending&) {
    }
  }

  std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
};

}  // namespace brim_node
