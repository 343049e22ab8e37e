// The native half of the Node package: handles over brim.h, and every call that takes time as a promise whose work runs
// on Node's worker threads. Programs use index.js. N-API (version 8) only, so one build works with later versions of
// Node.
#include <brim/brim.h>
#include <node_api.h>

#include <memory>
#include <new>
#include <span>
#include <string>

#include "bindings/node/call.hpp"
#include "bindings/node/exports.hpp"
#include "bindings/node/handles.hpp"
#include "bindings/node/listener.hpp"

namespace brim_node {
namespace {

// listener(function) → handle
napi_value listener(const Call& call) { return wrap(call.env, Listener::of(call.env, call.value(0), "listener")); }

// stop(listener): the work that the listener follows ends
napi_value stop(const Call& call) {
  call.handle<Listener>(0)->stop();
  return undefined(call.env);
}

// resume(listener): the next work is not stopped
napi_value resume(const Call& call) {
  call.handle<Listener>(0)->resume();
  return undefined(call.env);
}

// flush(listener) → whether its function will be called without arguments, after what is on its way to it
napi_value flush(const Call& call) { return flag_value(call.env, call.handle<Listener>(0)->flush(call.env)); }

constexpr Export kListeners[] = {
    {"listener", function<listener>},
    {"stop", function<stop>},
    {"resume", function<resume>},
    {"flush", function<flush>},
};

napi_value start(napi_env env, napi_value exports) {
  try {
    auto own = std::make_unique<Instance>();
    check(env, napi_set_instance_data(
                   env, own.get(), [](napi_env, void* data, void*) { delete static_cast<Instance*>(data); }, nullptr));
    own.release();
    for (const std::span<const Export> calls :
         {std::span<const Export>(kListeners), model_calls(), session_calls(), session_state(), scheduler_calls()}) {
      for (const auto& [name, callback] : calls) {
        napi_value value = nullptr;
        check(env, napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &value));
        put(env, exports, name, value);
      }
    }
    put(env, exports, "version", std::string(brim_version()));
    put(env, exports, "isa", std::string(brim_isa()));
  } catch (const Pending&) {
    return nullptr;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
  return exports;
}

}  // namespace
}  // namespace brim_node

NAPI_MODULE(brim, brim_node::start)
