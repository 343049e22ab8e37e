// Calls that take time: they run on Node's worker threads and settle a promise on the event loop.
#pragma once

#include <brim/brim.h>
#include <node_api.h>

#include <functional>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "bindings/node/call.hpp"

namespace brim_node {

struct Work {
  napi_async_work handle = nullptr;
  napi_deferred deferred = nullptr;
  std::vector<std::shared_ptr<Session>> taken;  // sessions that are inside this call until it ends
  std::function<brim_status()> run;             // on a worker thread; its captures live until the promise is settled
  std::function<napi_value(napi_env)> result;   // on the event loop, when `run` succeeded
  brim_status status = BRIM_CANCELLED;          // of work that never ran, because the environment ends
  std::string sentence = "the program ends";

  static void execute(napi_env, void* data) {
    Work& own = *static_cast<Work*>(data);
    try {
      own.status = own.run();
      own.sentence = own.status == BRIM_OK ? "" : brim_last_error();  // of this thread
    } catch (const std::bad_alloc&) {
      own.status = BRIM_OUT_OF_MEMORY;
    }
  }

  /// From this call on, the sessions are inside this call. Errors: std::bad_alloc, and then no session is inside it.
  void take(napi_env env) {
    try {
      for (const auto& session : taken) {
        instance(env).inside.insert(session.get());
        session->inside = true;
      }
    } catch (const std::bad_alloc&) {
      leave(env);
      throw;
    }
  }

  /// Releases the sessions before the promise is settled. A cancel that arrived when the call had done its work is
  /// taken back, because otherwise the next call would fail. No id is −1, so this has no other effect.
  void leave(napi_env env) {
    for (const auto& session : taken) {
      session->inside = false;
      instance(env).inside.erase(session.get());
      const bool cancelled = std::exchange(session->cancelled, false) || status == BRIM_CANCELLED;
      if (std::exchange(session->cancel_asked, false) && !cancelled) {
        const std::int32_t none = -1;
        brim_session_append_ids(session->pointer, &none, 1);
      }
    }
    taken.clear();
  }

  static void complete(napi_env env, napi_status, void* data) {
    const std::unique_ptr<Work> own(static_cast<Work*>(data));
    try {
      napi_delete_async_work(env, own->handle);
      own->leave(env);
      own->run = nullptr;  // what it kept alive may end now: close() waits for that
      if (own->status == BRIM_OK) {
        check(env, napi_resolve_deferred(env, own->deferred, own->result(env)));
      } else {
        check(env, napi_reject_deferred(env, own->deferred, failure(env, own->status, own->sentence)));
      }
    } catch (const Pending&) {  // the environment ends, or has no memory: the promise is never settled
    } catch (const std::bad_alloc&) {
    }
  }
};

/// Starts `run` on a worker thread and returns the promise of `result`. The sessions stay inside the call until then.
inline napi_value promise(napi_env env, std::vector<std::shared_ptr<Session>> taken, std::function<brim_status()> run,
                          std::function<napi_value(napi_env)> result) {
  auto work = std::make_unique<Work>();
  napi_value value = nullptr;
  work->taken = std::move(taken);
  work->run = std::move(run);
  work->result = std::move(result);
  check(env, napi_create_promise(env, &work->deferred, &value));
  check(env, napi_create_async_work(env, nullptr, text_value(env, "brim"), Work::execute, Work::complete, work.get(),
                                    &work->handle));
  work->take(env);
  if (const napi_status queued = napi_queue_async_work(env, work->handle); queued != napi_ok) {
    napi_delete_async_work(env, work->handle);
    work->leave(env);
    check(env, queued);
  }
  work.release();
  return value;
}

/// The same with one session, or with none where it is null.
inline napi_value promise(napi_env env, std::shared_ptr<Session> session, std::function<brim_status()> run,
                          std::function<napi_value(napi_env)> result) {
  std::vector<std::shared_ptr<Session>> taken;
  if (session) taken.push_back(std::move(session));
  return promise(env, std::move(taken), std::move(run), std::move(result));
}

}  // namespace brim_node
