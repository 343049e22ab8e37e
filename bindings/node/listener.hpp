// A JavaScript function that is called with what threads of the library report: they put it into a queue and continue,
// and the event loop delivers it. Therefore the function cannot answer a progress callback; stop() stops the work, and
// an AbortSignal calls it.
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
  /// `function` is called with ("info" or "warning", sentence) or with (done, total). It does not keep the program running.
  static std::shared_ptr<Listener> of(napi_env env, napi_value function, const char* name) {
    napi_valuetype type = napi_undefined;
    check(env, napi_typeof(env, function, &type));
    if (type != napi_function) wrong_type(env, name, "a function", function);
    std::shared_ptr<Listener> made(new Listener);
    auto ending = std::make_unique<std::shared_ptr<Queue>>(made->queue_);
    napi_threadsafe_function queue = nullptr;
    check(env, napi_create_threadsafe_function(env, function, nullptr, text_value(env, "brim"), 0, 1, ending.get(),
                                               ended, nullptr, deliver, &queue));
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

  void stop() { stopped_.store(true); }
  /// As a brim_progress and a brim_log, with the listener as `user`. Any thread.
  static int progress(void* user, std::int64_t done, std::int64_t total) {
    auto& own = *static_cast<Listener*>(user);
    own.put({"", {}, static_cast<double>(done), static_cast<double>(total)});
    return own.stopped_.load() ? 0 : 1;
  }
  static void log(void* user, brim_log_level level, const char* sentence) {
    try {
      static_cast<Listener*>(user)->put({level == BRIM_LOG_WARNING ? "warning" : "info", sentence, 0, 0});
    } catch (const std::bad_alloc&) {
      // One line is lost.
    }
  }

 private:
  struct Said {
    const char* level;  // "": progress
    std::string sentence;
    double done, total;
  };

  /// Outlives the listener until Node has ended the queue, and the queue until the listener is gone: whichever is
  /// later.
  struct Queue {
    std::mutex mutex;
    napi_threadsafe_function function = nullptr;  ///< null: Node has ended it, because the program ends
  };

  Listener() = default;

  static void ended(napi_env, void* data, void*) {
    const std::unique_ptr<std::shared_ptr<Queue>> own(static_cast<std::shared_ptr<Queue>*>(data));
    const std::lock_guard<std::mutex> lock((*own)->mutex);
    (*own)->function = nullptr;
  }

  void put(Said said) {
    std::unique_ptr<Said> copy(new (std::nothrow) Said(std::move(said)));
    const std::lock_guard<std::mutex> lock(queue_->mutex);
    if (copy == nullptr || queue_->function == nullptr) return;
    const napi_status queued = napi_call_threadsafe_function(queue_->function, copy.get(), napi_tsfn_nonblocking);
    if (queued == napi_ok) copy.release();
    if (queued == napi_closing) queue_->function = nullptr;  // the program ends, and this was the queue's last use
  }

  static void deliver(napi_env env, napi_value function, void*, void* data) {
    const std::unique_ptr<Said> said(static_cast<Said*>(data));
    if (env == nullptr) return;  // the program ends
    try {
      napi_value arguments[2] = {}, self = undefined(env);
      if (*said->level != '\0') {
        arguments[0] = text_value(env, std::string(said->level));
        arguments[1] = text_value(env, said->sentence);
      } else {
        check(env, napi_create_double(env, said->done, &arguments[0]));
        check(env, napi_create_double(env, said->total, &arguments[1]));
      }
      // The caller does not catch an exception of the function: it is handled as for any function that the event loop
      // calls.
      if (napi_call_function(env, self, function, 2, arguments, nullptr) == napi_pending_exception) {
        napi_value thrown = nullptr;
        check(env, napi_get_and_clear_last_exception(env, &thrown));
        check(env, napi_fatal_exception(env, thrown));
      }
    } catch (const Pending&) {
    }
  }

  std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
  std::atomic<bool> stopped_{false};
};

}  // namespace brim_node
