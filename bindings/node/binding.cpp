// The native half of the Node package: handles over brim.h, and every call that takes time as a promise whose work runs on
// Node's worker threads. What people use is index.js. N-API (version 8) only, so one build serves later versions of Node.
#include <brim/brim.h>
#include <node_api.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

/// Something for the event loop to settle later. The arguments' values are kept alive until then.
struct Work {
  napi_env env = nullptr;
  napi_async_work handle = nullptr;
  napi_deferred deferred = nullptr;
  napi_ref kept = nullptr;
  std::function<brim_status()> run;            // on a worker thread
  std::function<napi_value(napi_env)> result;  // on the event loop, when that went well
  brim_status status = BRIM_OK;
  std::string sentence;
};

napi_value failure(napi_env env, brim_status status, const std::string& sentence) {
  napi_value text = nullptr, error = nullptr, number = nullptr;
  napi_create_string_utf8(env, sentence.c_str(), sentence.size(), &text);
  napi_create_error(env, nullptr, text, &error);
  napi_create_int32(env, status, &number);
  napi_set_named_property(env, error, "status", number);
  return error;
}

napi_value raise(napi_env env, brim_status status) {
  napi_throw(env, failure(env, status, brim_last_error()));
  return nullptr;
}

napi_value undefined(napi_env env) {
  napi_value value = nullptr;
  napi_get_undefined(env, &value);
  return value;
}

/// Starts `run` on a worker thread and returns the promise of `result`; `keep` (an array of handles) lives as long.
napi_value promise(napi_env env, napi_value keep, std::function<brim_status()> run,
                   std::function<napi_value(napi_env)> result) {
  auto work = std::make_unique<Work>();
  napi_value value = nullptr, name = nullptr;
  work->env = env;
  work->run = std::move(run);
  work->result = std::move(result);
  napi_create_promise(env, &work->deferred, &value);
  napi_create_reference(env, keep, 1, &work->kept);
  napi_create_string_utf8(env, "brim", NAPI_AUTO_LENGTH, &name);
  napi_create_async_work(
      env, nullptr, name,
      [](napi_env, void* data) {
        Work& own = *static_cast<Work*>(data);
        own.status = own.run();
        if (own.status != BRIM_OK) own.sentence = brim_last_error();  // of this thread
      },
      [](napi_env own_env, napi_status, void* data) {
        const std::unique_ptr<Work> own(static_cast<Work*>(data));
        napi_delete_reference(own_env, own->kept);
        napi_delete_async_work(own_env, own->handle);
        if (own->status == BRIM_OK) {
          napi_resolve_deferred(own_env, own->deferred, own->result(own_env));
        } else {
          napi_reject_deferred(own_env, own->deferred, failure(own_env, own->status, own->sentence));
        }
      },
      work.get(), &work->handle);
  napi_queue_async_work(env, work->handle);
  work.release();
  return value;
}

/// The arguments of a call, with what they are expected to be.
class Arguments {
 public:
  Arguments(napi_env env, napi_callback_info info) : env_(env) {
    std::size_t count = kMost;
    napi_get_cb_info(env, info, &count, values_, nullptr, nullptr);
  }
  napi_value operator[](std::size_t i) const { return values_[i]; }
  std::string text(std::size_t i) const {
    std::size_t size = 0;
    if (napi_get_value_string_utf8(env_, values_[i], nullptr, 0, &size) != napi_ok) return {};
    std::string out(size, '\0');
    napi_get_value_string_utf8(env_, values_[i], out.data(), size + 1, &size);
    return out;
  }
  bool flag(std::size_t i) const {
    bool value = false;
    napi_get_value_bool(env_, values_[i], &value);
    return value;
  }
  std::int64_t number(std::size_t i) const {
    std::int64_t value = 0;
    napi_get_value_int64(env_, values_[i], &value);
    return value;
  }
  template <class Handle>
  Handle* handle(std::size_t i) const {
    void* found = nullptr;
    napi_get_value_external(env_, values_[i], &found);
    return static_cast<Handle*>(found);
  }
  /// An array of [key, value] as options; null when a pair is refused.
  std::shared_ptr<brim_options> options(std::size_t i) const {
    brim_options* raw = nullptr;
    if (brim_options_create(&raw) != BRIM_OK) return nullptr;
    std::shared_ptr<brim_options> out(raw, brim_options_free);
    std::uint32_t count = 0;
    napi_get_array_length(env_, values_[i], &count);
    for (std::uint32_t pair = 0; pair < count; ++pair) {
      Arguments row(env_, values_[i], pair);
      if (brim_options_set(raw, row.text(0).c_str(), row.text(1).c_str()) != BRIM_OK) return nullptr;
    }
    return out;
  }

 private:
  static constexpr std::size_t kMost = 5;
  Arguments(napi_env env, napi_value array, std::uint32_t index) : env_(env) {
    napi_value row = nullptr;
    napi_get_element(env, array, index, &row);
    for (std::uint32_t i = 0; i < 2; ++i) napi_get_element(env, row, i, &values_[i]);
  }
  napi_env env_;
  napi_value values_[kMost] = {};
};

template <class Handle>
napi_value external(napi_env env, Handle* handle, void (*free_handle)(Handle*)) {
  napi_value value = nullptr;
  napi_create_external(
      env, handle,
      [](napi_env, void* data, void* hint) {
        reinterpret_cast<void (*)(Handle*)>(hint)(static_cast<Handle*>(data));
      },
      reinterpret_cast<void*>(free_handle), &value);
  return value;
}

void put(napi_env env, napi_value object, const char* name, double number) {
  napi_value value = nullptr;
  napi_create_double(env, number, &value);
  napi_set_named_property(env, object, name, value);
}

void put(napi_env env, napi_value object, const char* name, const std::string& text) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, text.data(), text.size(), &value);
  napi_set_named_property(env, object, name, value);
}

// load(path, options) → promise of a model
napi_value load(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const auto options = arguments.options(1);
  if (!options) return raise(env, BRIM_OUT_OF_MEMORY);
  auto model = std::make_shared<brim_model*>(nullptr);
  return promise(
      env, arguments[1],
      [path = arguments.text(0), options, model] {
        return brim_model_load(path.c_str(), options.get(), nullptr, nullptr, model.get());
      },
      [model](napi_env own) { return external(own, *model, brim_model_free); });
}

// modelInfo(model) → object
napi_value model_info(napi_env env, napi_callback_info info) {
  brim_model_info found{};
  found.size = sizeof found;
  const brim_status status = brim_model_info_get(Arguments(env, info).handle<brim_model>(0), &found);
  if (status != BRIM_OK) return raise(env, status);
  napi_value out = nullptr;
  napi_create_object(env, &out);
  put(env, out, "name", std::string(found.name));
  put(env, out, "architecture", std::string(found.architecture));
  put(env, out, "quantisation", std::string(found.quantisation));
  put(env, out, "parameters", static_cast<double>(found.parameters));
  put(env, out, "weightBytes", static_cast<double>(found.weight_bytes));
  put(env, out, "context", static_cast<double>(found.context));
  put(env, out, "vocabulary", static_cast<double>(found.vocabulary));
  put(env, out, "layers", found.layers);
  put(env, out, "threads", found.threads);
  return out;
}

/// A promise of the session that make(&session) makes; `alive` is kept until then.
template <class Make>
napi_value promise_session(napi_env env, napi_value alive, Make make) {
  auto made = std::make_shared<brim_session*>(nullptr);
  return promise(
      env, alive, [make, made] { return make(made.get()); },
      [made](napi_env own) { return external(own, *made, brim_session_free); });
}

// session(model, options) → promise of a session
napi_value session(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const auto options = arguments.options(1);
  if (!options) return raise(env, BRIM_OUT_OF_MEMORY);
  return promise_session(env, arguments[0], [model = arguments.handle<brim_model>(0), options](brim_session** made) {
    return brim_session_create(model, options.get(), made);
  });
}

// restore(model, path, options) → promise of a session
napi_value restore(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const auto options = arguments.options(2);
  if (!options) return raise(env, BRIM_OUT_OF_MEMORY);
  return promise_session(
      env, arguments[0], [model = arguments.handle<brim_model>(0), path = arguments.text(1), options](brim_session** made) {
        return brim_session_restore(model, options.get(), path.c_str(), made);
      });
}

// fork(session) → promise of a session
napi_value fork_session(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  return promise_session(env, arguments[0], [own = arguments.handle<brim_session>(0)](brim_session** made) {
    return brim_session_fork(own, made);
  });
}

// save(session, path) → promise
napi_value save(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  return promise(
      env, arguments[0], [own = arguments.handle<brim_session>(0), path = arguments.text(1)] {
        return brim_session_save(own, path.c_str());
      },
      undefined);
}

// append(session, text, addSpecial, parseSpecial) → promise
napi_value append(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  return promise(
      env, arguments[0],
      [own = arguments.handle<brim_session>(0), text = arguments.text(1), add = arguments.flag(2),
       parse = arguments.flag(3)] { return brim_session_append(own, text.data(), text.size(), add, parse); },
      undefined);
}

// message(session, role, text) → promise
napi_value message(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  return promise(
      env, arguments[0],
      [own = arguments.handle<brim_session>(0), role = arguments.text(1), text = arguments.text(2)] {
        return brim_session_message(own, role.c_str(), text.data(), text.size());
      },
      undefined);
}

// next(session) → promise of {text, id, end}; finish(session) → the same
template <brim_status (*kCall)(brim_session*, brim_piece*)>
napi_value piece(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  struct Copy {
    std::string text;
    std::int32_t id = -1, end = 0;
  };
  auto copy = std::make_shared<Copy>();
  return promise(
      env, arguments[0],
      [own = arguments.handle<brim_session>(0), copy] {
        brim_piece found{};
        found.size = sizeof found;
        const brim_status status = kCall(own, &found);
        if (status == BRIM_OK) *copy = {std::string(found.text, found.text_size), found.id, found.end};
        return status;
      },
      [copy](napi_env own) {
        napi_value out = nullptr;
        napi_create_object(own, &out);
        put(own, out, "text", copy->text);
        put(own, out, "id", copy->id);
        put(own, out, "end", copy->end);
        return out;
      });
}

// cancel(session)
napi_value cancel(napi_env env, napi_callback_info info) {
  brim_session_cancel(Arguments(env, info).handle<brim_session>(0));
  return undefined(env);
}

// set(session, key, value)
napi_value set(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const brim_status status =
      brim_session_set(arguments.handle<brim_session>(0), arguments.text(1).c_str(), arguments.text(2).c_str());
  return status == BRIM_OK ? undefined(env) : raise(env, status);
}

// clear(session)
napi_value clear(napi_env env, napi_callback_info info) {
  const brim_status status = brim_session_clear(Arguments(env, info).handle<brim_session>(0));
  return status == BRIM_OK ? undefined(env) : raise(env, status);
}

// messages(session) → JSON
napi_value messages(napi_env env, napi_callback_info info) {
  const char* json = nullptr;
  std::size_t size = 0;
  const brim_status status = brim_session_messages(Arguments(env, info).handle<brim_session>(0), &json, &size);
  if (status != BRIM_OK) return raise(env, status);
  napi_value out = nullptr;
  napi_create_string_utf8(env, json, size, &out);
  return out;
}

// stats(session) → object
napi_value stats(napi_env env, napi_callback_info info) {
  brim_stats found{};
  found.size = sizeof found;
  const brim_status status = brim_session_stats(Arguments(env, info).handle<brim_session>(0), &found);
  if (status != BRIM_OK) return raise(env, status);
  napi_value out = nullptr;
  napi_create_object(env, &out);
  put(env, out, "context", static_cast<double>(found.context));
  put(env, out, "tokens", static_cast<double>(found.tokens));
  put(env, out, "kvBudgetBytes", static_cast<double>(found.kv_budget_bytes));
  put(env, out, "kvBytes", static_cast<double>(found.kv_bytes));
  put(env, out, "kvPeakBytes", static_cast<double>(found.kv_peak_bytes));
  put(env, out, "kvFullBytes", static_cast<double>(found.kv_full_bytes));
  put(env, out, "evicted", static_cast<double>(found.evicted));
  put(env, out, "promptTokens", static_cast<double>(found.prompt_tokens));
  put(env, out, "generatedTokens", static_cast<double>(found.generated_tokens));
  put(env, out, "promptSeconds", found.prompt_seconds);
  put(env, out, "generateSeconds", found.generate_seconds);
  put(env, out, "layers", found.layers);
  return out;
}

napi_value start(napi_env env, napi_value exports) {
  const std::pair<const char*, napi_callback> functions[] = {
      {"load", load},       {"modelInfo", model_info},           {"session", session},
      {"append", append},   {"message", message},                {"next", piece<brim_session_next>},
      {"cancel", cancel},   {"finish", piece<brim_session_finish>}, {"set", set},
      {"clear", clear},     {"messages", messages},              {"stats", stats},
      {"save", save},       {"restore", restore},                {"fork", fork_session},
  };
  for (const auto& [name, function] : functions) {
    napi_value value = nullptr;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value);
    napi_set_named_property(env, exports, name, value);
  }
  put(env, exports, "version", std::string(brim_version()));
  put(env, exports, "isa", std::string(brim_isa()));
  return exports;
}

}  // namespace

NAPI_MODULE(brim, start)
