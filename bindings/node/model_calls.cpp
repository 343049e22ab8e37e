// Models: loading, planning, tokens.
#include <brim/brim.h>
#include <node_api.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bindings/node/call.hpp"
#include "bindings/node/exports.hpp"
#include "bindings/node/handles.hpp"
#include "bindings/node/listener.hpp"
#include "bindings/node/work.hpp"

namespace brim_node {
namespace {

// load(path, options, log, progress) → promise of a model; the listeners may be undefined
napi_value load(const Call& call) {
  auto model = std::make_shared<Model>();
  const auto options = call.options(1);
  model->log = call.optional_handle<Listener>(2);
  if (model->log) check(call.env, brim_options_on_log(options.get(), Listener::log, model->log.get()));
  return promise(
      call.env, nullptr,
      [path = call.name(0, "file"), options, model, progress = call.optional_handle<Listener>(3)] {
        return brim_model_load(path.c_str(), options.get(), progress ? Listener::progress : nullptr, progress.get(),
                               &model->pointer);
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
  put(call.env, out, "hasChatTemplate", flag_value(call.env, found.has_chat_template != 0));
  put(call.env, out, "layerWeights", static_cast<double>(found.layer_weights));
  put(call.env, out, "outputWeights", static_cast<double>(found.output_weights));
  put(call.env, out, "tokenBytes", static_cast<double>(found.token_bytes));
  return out;
}

// plan(path, model options, session options) → promise of an object
napi_value plan(const Call& call) {
  auto found = std::make_shared<brim_plan>();
  return promise(
      call.env, nullptr,
      [found, path = call.name(0, "file"), for_model = call.options(1), for_session = call.options(2)] {
        found->size = sizeof *found;
        return brim_plan_get(path.c_str(), for_model.get(), for_session.get(), found.get());
      },
      [found](napi_env env) {
        napi_value out = new_object(env);
        put(env, out, "weightBytes", static_cast<double>(found->weight_bytes));
        put(env, out, "kvBudgetBytes", static_cast<double>(found->kv_budget_bytes));
        put(env, out, "kvFullBytes", static_cast<double>(found->kv_full_bytes));
        put(env, out, "kvMinBytes", static_cast<double>(found->kv_min_bytes));
        put(env, out, "scratchBytes", static_cast<double>(found->scratch_bytes));
        put(env, out, "totalBytes", static_cast<double>(found->total_bytes));
        put(env, out, "availableBytes", static_cast<double>(found->available_bytes));
        put(env, out, "context", static_cast<double>(found->context));
        put(env, out, "layers", found->layers);
        put(env, out, "chunk", found->chunk);
        put(env, out, "threadBytes", static_cast<double>(found->thread_bytes));
        return out;
      });
}

// tokenize(model, text, addSpecial, parseSpecial) → promise of an Int32Array
napi_value tokenize(const Call& call) {
  auto ids = std::make_shared<std::vector<std::int32_t>>();
  return promise(
      call.env, nullptr,
      [ids, model = call.handle<Model>(0), text = call.text(1, "content"), add = call.flag(2, "addSpecial"),
       parse = call.flag(3, "parseSpecial")] {
        ids->resize(text.size() + 16);  // a tokenizer makes at most one token per byte, and a few special ones
        for (;;) {
          std::size_t count = ids->size();
          const brim_status status =
              brim_tokenize(model->pointer, text.data(), text.size(), add, parse, ids->data(), &count);
          const bool larger = count > ids->size();
          ids->resize(count);
          if (!larger) return status;
        }
      },
      [ids](napi_env env) { return typed_array(env, *ids); });
}

// detokenize(model, ids, renderSpecial) → promise of a text
napi_value detokenize(const Call& call) {
  auto text = std::make_shared<std::string>();
  return promise(
      call.env, nullptr,
      [text, model = call.handle<Model>(0), ids = call.ids(1, "ids"), special = call.flag(2, "renderSpecial")] {
        for (;;) {
          std::size_t size = text->size();
          const brim_status status =
              brim_detokenize(model->pointer, ids.data(), ids.size(), special, text->data(), &size);
          const bool larger = size > text->size();
          text->resize(size);
          if (!larger) return status;
        }
      },
      [text](napi_env env) { return text_value(env, *text); });
}

// closeModel(model): its memory is freed now, or when the calls that use it have ended
napi_value close_model(const Call& call) {
  call.box<Model>(0).handle.reset();
  return undefined(call.env);
}

constexpr Export kCalls[] = {
    {"load", function<load>},         {"modelInfo", function<model_info>},  {"plan", function<plan>},
    {"tokenize", function<tokenize>}, {"detokenize", function<detokenize>}, {"closeModel", function<close_model>},
};

}  // namespace

std::span<const Export> model_calls() { return kCalls; }

}  // namespace brim_node
