// The native half of the Node package: handles over brim.h, and every call that takes time as a promise whose work runs on
// Node's worker threads. What people use is index.js. N-API (version 8) only, so one build serves later versions of Node.
#include <brim/brim.h>
#include <node_api.h>

#include <memory>
#include <string>
#include <utility>

#include "bindings/node/call.hpp"
#include "bindings/node/handles.hpp"
#include "bindings/node/work.hpp"

namespace brim_node {
namespace {

// load(path, options) → promise of a model
napi_value load(const Call& call) {
  auto model = std::make_shared<Model>();
  return promise(
      call.env, nullptr,
      [path = call.name(0, "file"), options = call.options(1), model] {
        return brim_model_load(path.c_str(), options.get(), nullptr, nullptr, &model->pointer);
      },
      [model](napi_env env) { return wrap(env, model); });
}

// modelInfo(model) → object
napi_value model_info(const Call& call) {
  brim_model_info found{};
  found.size = sizeof found;
  check(call.env, brim_model_info_get(call.handle<Model>(0)->pointer, &found));
  napi_value out = new_object(call.env);
  put(call.env, out, "name", std::string(found.name));
  put(call.env, out, "architecture", std::string(found.architecture));
  put(call.env, out, "quantisation", std::string(found.quantisation));
  put(call.env, out, "parameters", static_cast<double>(found.parameters));
  put(call.env, out, "weightBytes", static_cast<double>(found.weight_bytes));
  put(call.env, out, "context", static_cast<double>(found.context));
  put(call.env, out, "vocabulary", static_cast<double>(found.vocabulary));
  put(call.env, out, "layers", found.layers);
  put(call.env, out, "threads", found.threads);
  return out;
}

/// A promise of the session that make(&pointer) makes; `taken` is inside a call until then.
template <class Make>
napi_value promise_session(napi_env env, std::shared_ptr<Session> taken, Make make) {
  auto made = std::make_shared<Session>();
  return promise(
      env, std::move(taken), [make, made] { return make(&made->pointer); },
      [made](napi_env own) { return wrap(own, made); });
}

// session(model, options) → promise of a session
napi_value session(const Call& call) {
  return promise_session(
      call.env, nullptr, [model = call.handle<Model>(0), options = call.options(1)](brim_session** made) {
        return brim_session_create(model->pointer, options.get(), made);
      });
}

// restore(model, path, options) → promise of a session
napi_value restore(const Call& call) {
  return promise_session(call.env, nullptr,
                         [model = call.handle<Model>(0), path = call.name(1, "file"),
                          options = call.options(2)](brim_session** made) {
                           return brim_session_restore(model->pointer, options.get(), path.c_str(), made);
                         });
}

// fork(session) → promise of a session
napi_value fork_session(const Call& call) {
  const auto own = call.idle_session(0);
  return promise_session(call.env, own,
                         [own](brim_session** made) { return brim_session_fork(own->pointer, made); });
}

// save(session, path) → promise
napi_value save(const Call& call) {
  const auto own = call.idle_session(0);
  return promise(
      call.env, own, [own, path = call.name(1, "file")] { return brim_session_save(own->pointer, path.c_str()); },
      undefined);
}

// append(session, text, addSpecial, parseSpecial) → promise
napi_value append(const Call& call) {
  const auto own = call.idle_session(0);
  return promise(
      call.env, own,
      [own, text = call.text(1, "content"), add = call.flag(2, "addSpecial"), parse = call.flag(3, "parseSpecial")] {
        return brim_session_append(own->pointer, text.data(), text.size(), add, parse);
      },
      undefined);
}

// message(session, role, text) → promise
napi_value message(const Call& call) {
  const auto own = call.idle_session(0);
  return promise(
      call.env, own,
      [own, role = call.name(1, "role"), text = call.text(2, "content")] {
        return brim_session_message(own->pointer, role.c_str(), text.data(), text.size());
      },
      undefined);
}

// next(session) → promise of {text, id, end}; finish(session) → the same
template <brim_status (*kFunction)(brim_session*, brim_piece*)>
napi_value piece(const Call& call) {
  struct Copy {
    std::string text;
    std::int32_t id = -1, end = 0;
  };
  const auto own = call.idle_session(0);
  auto copy = std::make_shared<Copy>();
  return promise(
      call.env, own,
      [own, copy] {
        brim_piece found{};
        found.size = sizeof found;
        const brim_status status = kFunction(own->pointer, &found);
        if (status == BRIM_OK) *copy = {std::string(found.text, found.text_size), found.id, found.end};
        return status;
      },
      [copy](napi_env env) {
        napi_value out = new_object(env);
        put(env, out, "text", copy->text);
        put(env, out, "id", copy->id);
        put(env, out, "end", copy->end);
        return out;
      });
}

// cancel(session): the call inside, or else the next one
napi_value cancel(const Call& call) {
  brim_session_cancel(call.handle<Session>(0)->pointer);
  return undefined(call.env);
}

// cancelInside(session): the call inside, if there is one
napi_value cancel_inside(const Call& call) {
  const auto own = call.handle<Session>(0);
  if (own->inside) {
    own->cancel_asked = true;
    brim_session_cancel(own->pointer);
  }
  return undefined(call.env);
}

// cancelAll(): before the program ends, every call that is inside
napi_value cancel_all(const Call& call) {
  for (Session* session : instance(call.env).inside) brim_session_cancel(session->pointer);
  return undefined(call.env);
}

// close(model or session): its memory is freed now, or when the call that is inside, which is cancelled, has ended
napi_value close_model(const Call& call) {
  call.box<Model>(0).handle.reset();
  return undefined(call.env);
}
napi_value close_session(const Call& call) {
  const auto own = std::exchange(call.box<Session>(0).handle, nullptr);
  if (own && own->inside) brim_session_cancel(own->pointer);
  return undefined(call.env);
}

// set(session, key, value)
napi_value set(const Call& call) {
  const std::string key = call.name(1, "name");
  const std::string value = call.name(2, key.c_str());
  check(call.env, brim_session_set(call.idle_session(0)->pointer, key.c_str(), value.c_str()));
  return undefined(call.env);
}

// clear(session)
napi_value clear(const Call& call) {
  check(call.env, brim_session_clear(call.idle_session(0)->pointer));
  return undefined(call.env);
}

// messages(session) → JSON
napi_value messages(const Call& call) {
  const char* json = nullptr;
  std::size_t size = 0;
  check(call.env, brim_session_messages(call.idle_session(0)->pointer, &json, &size));
  return text_value(call.env, json, size);
}

// stats(session) → object
napi_value stats(const Call& call) {
  brim_stats found{};
  found.size = sizeof found;
  check(call.env, brim_session_stats(call.idle_session(0)->pointer, &found));
  napi_value out = new_object(call.env);
  put(call.env, out, "context", static_cast<double>(found.context));
  put(call.env, out, "tokens", static_cast<double>(found.tokens));
  put(call.env, out, "kvBudgetBytes", static_cast<double>(found.kv_budget_bytes));
  put(call.env, out, "kvBytes", static_cast<double>(found.kv_bytes));
  put(call.env, out, "kvPeakBytes", static_cast<double>(found.kv_peak_bytes));
  put(call.env, out, "kvFullBytes", static_cast<double>(found.kv_full_bytes));
  put(call.env, out, "evicted", static_cast<double>(found.evicted));
  put(call.env, out, "promptTokens", static_cast<double>(found.prompt_tokens));
  put(call.env, out, "generatedTokens", static_cast<double>(found.generated_tokens));
  put(call.env, out, "promptSeconds", found.prompt_seconds);
  put(call.env, out, "generateSeconds", found.generate_seconds);
  put(call.env, out, "layers", found.layers);
  return out;
}

napi_value start(napi_env env, napi_value exports) {
  constexpr std::pair<const char*, napi_callback> kFunctions[] = {
      {"load", function<load>},
      {"modelInfo", function<model_info>},
      {"session", function<session>},
      {"append", function<append>},
      {"message", function<message>},
      {"next", function<piece<brim_session_next>>},
      {"finish", function<piece<brim_session_finish>>},
      {"cancel", function<cancel>},
      {"cancelInside", function<cancel_inside>},
      {"cancelAll", function<cancel_all>},
      {"closeModel", function<close_model>},
      {"closeSession", function<close_session>},
      {"set", function<set>},
      {"clear", function<clear>},
      {"messages", function<messages>},
      {"stats", function<stats>},
      {"save", function<save>},
      {"restore", function<restore>},
      {"fork", function<fork_session>},
  };
  try {
    auto own = std::make_unique<Instance>();
    check(env, napi_set_instance_data(
                   env, own.get(), [](napi_env, void* data, void*) { delete static_cast<Instance*>(data); }, nullptr));
    own.release();
    for (const auto& [name, callback] : kFunctions) {
      napi_value value = nullptr;
      check(env, napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &value));
      put(env, exports, name, value);
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
