// A session's options and its state; these calls return at once.
#include <brim/document.h>
#include <node_api.h>

#include <cstdint>
#include <cstring>
#include <string>

#include "bindings/node/call.hpp"
#include "bindings/node/exports.hpp"
#include "bindings/node/handles.hpp"

namespace brim_node {
namespace {

// set(session, key, value)
napi_value set(const Call& call) {
  const std::string key = call.name(1, "name");
  const std::string value = call.name(2, key.c_str());
  check(call.env, brim_session_set(call.idle_session(0)->pointer, key.c_str(), value.c_str()));
  return undefined(call.env);
}

// unset(session, key)
napi_value unset(const Call& call) {
  const std::string key = call.name(1, "name");
  check(call.env, brim_session_unset(call.idle_session(0)->pointer, key.c_str()));
  return undefined(call.env);
}

// option(session, key) → array of the values that it was given
napi_value option(const Call& call) {
  const std::string key = call.name(1, "name");
  const auto own = call.idle_session(0);
  napi_value out = nullptr;
  check(call.env, napi_create_array(call.env, &out));
  for (std::uint32_t index = 0;; ++index) {
    const char* value = nullptr;
    check(call.env, brim_session_option(own->pointer, key.c_str(), index, &value));
    if (value == nullptr) return out;
    check(call.env, napi_set_element(call.env, out, index, text_value(call.env, value, std::strlen(value))));
  }
}

// rewind(session, tokens)
napi_value rewind(const Call& call) {
  constexpr std::int64_t kMaxExact = std::int64_t{1} << 53;
  const std::int64_t tokens = call.whole(1, "tokens", 0, kMaxExact);
  check(call.env, brim_session_rewind(call.idle_session(0)->pointer, tokens));
  return undefined(call.env);
}

// describe(session) → text
napi_value describe(const Call& call) {
  return text_value(call.env, std::string(brim_session_describe(call.idle_session(0)->pointer)));
}

// documentStats(session) → object
napi_value document_stats(const Call& call) {
  brim_document_stats found{};
  found.size = sizeof found;
  check(call.env, brim_session_document_stats(call.idle_session(0)->pointer, &found));
  napi_value out = new_object(call.env);
  put(call.env, out, "tokens", static_cast<double>(found.tokens));
  put(call.env, out, "kept", static_cast<double>(found.kept));
  put(call.env, out, "keptMin", static_cast<double>(found.kept_min));
  put(call.env, out, "keptMax", static_cast<double>(found.kept_max));
  put(call.env, out, "layers", static_cast<double>(found.layers));
  put(call.env, out, "looked", static_cast<double>(found.looked));
  return out;
}

// layers(session) → array of objects
napi_value layers(const Call& call) {
  const auto own = call.idle_session(0);
  brim_stats all{};
  all.size = sizeof all;
  check(call.env, brim_session_stats(own->pointer, &all));
  napi_value out = nullptr;
  check(call.env, napi_create_array(call.env, &out));
  for (std::int32_t layer = 0; layer < all.layers; ++layer) {
    brim_layer_stats found{};
    found.size = sizeof found;
    check(call.env, brim_session_layer_stats(own->pointer, layer, &found));
    napi_value row = new_object(call.env);
    put(call.env, row, "quota", static_cast<double>(found.quota));
    put(call.env, row, "used", static_cast<double>(found.used));
    put(call.env, row, "evicted", static_cast<double>(found.evicted));
    put(call.env, row, "entryBytes", static_cast<double>(found.entry_bytes));
    put(call.env, row, "kvType", std::string(found.kv_type));
    check(call.env, napi_set_element(call.env, out, static_cast<std::uint32_t>(layer), row));
  }
  return out;
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
  put(call.env, out, "position", static_cast<double>(found.position));
  put(call.env, out, "kvBudgetBytes", static_cast<double>(found.kv_budget_bytes));
  put(call.env, out, "kvBytes", static_cast<double>(found.kv_bytes));
  put(call.env, out, "kvPeakBytes", static_cast<double>(found.kv_peak_bytes));
  put(call.env, out, "kvFullBytes", static_cast<double>(found.kv_full_bytes));
  put(call.env, out, "scratchBytes", static_cast<double>(found.scratch_bytes));
  put(call.env, out, "evicted", static_cast<double>(found.evicted));
  put(call.env, out, "promptTokens", static_cast<double>(found.prompt_tokens));
  put(call.env, out, "generatedTokens", static_cast<double>(found.generated_tokens));
  put(call.env, out, "promptSeconds", found.prompt_seconds);
  put(call.env, out, "generateSeconds", found.generate_seconds);
  put(call.env, out, "layers", found.layers);
  put(call.env, out, "chunk", found.chunk);
  put(call.env, out, "draftedTokens", static_cast<double>(found.drafted_tokens));
  put(call.env, out, "acceptedTokens", static_cast<double>(found.accepted_tokens));
  put(call.env, out, "kvType", std::string(found.kv_type));
  return out;
}

constexpr Export kCalls[] = {
    {"set", function<set>},       {"unset", function<unset>},
    {"option", function<option>}, {"clear", function<clear>},
    {"rewind", function<rewind>}, {"describe", function<describe>},
    {"layers", function<layers>}, {"messages", function<messages>},
    {"stats", function<stats>},   {"documentStats", function<document_stats>},
};

}  // namespace

std::span<const Export> session_state() { return kCalls; }

}  // namespace brim_node
