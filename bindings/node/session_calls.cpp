// Calls of a session that take time, and calls that end them.
#include <brim/document.h>
#include <node_api.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bindings/node/call.hpp"
#include "bindings/node/exports.hpp"
#include "bindings/node/handles.hpp"
#include "bindings/node/listener.hpp"
#include "bindings/node/work.hpp"

namespace brim_node {
namespace {

/// A promise of the session that make(&pointer) creates; `taken` is inside a call until then.
template <class Make>
napi_value promise_session(napi_env env, std::shared_ptr<Session> taken, Make make) {
  auto made = std::make_shared<Session>();
  return promise(
      env, std::move(taken), [make, made] { return make(&made->pointer); },
      [made](napi_env own) { return wrap(own, made); });
}

/// Options of a session whose creation the listener follows; the listener may be null.
std::shared_ptr<brim_options> followed(const Call& call, std::size_t options_at,
                                       const std::shared_ptr<Listener>& progress) {
  std::shared_ptr<brim_options> options = call.options(options_at);
  if (progress) check(call.env, brim_options_on_progress(options.get(), Listener::progress, progress.get()));
  return options;
}

// session(model, options, progress) → promise of a session
napi_value session(const Call& call) {
  const auto progress = call.optional_handle<Listener>(2);
  return promise_session(call.env, nullptr,
                         [model = call.handle<Model>(0), options = followed(call, 1, progress), progress](
                             brim_session** made) { return brim_session_create(model->pointer, options.get(), made); });
}

// restore(model, path, options, progress) → promise of a session
napi_value restore(const Call& call) {
  const auto progress = call.optional_handle<Listener>(3);
  return promise_session(
      call.env, nullptr,
      [model = call.handle<Model>(0), path = call.name(1, "file"), options = followed(call, 2, progress), progress](
          brim_session** made) { return brim_session_restore(model->pointer, options.get(), path.c_str(), made); });
}

// onProgress(session, listener or undefined)
napi_value on_progress(const Call& call) {
  const auto own = call.idle_session(0);
  auto progress = call.optional_handle<Listener>(1);
  check(call.env, brim_session_on_progress(own->pointer, progress ? Listener::progress : nullptr, progress.get()));
  own->progress = std::move(progress);
  return undefined(call.env);
}

// fork(session) → promise of a session
napi_value fork_session(const Call& call) {
  const auto own = call.idle_session(0);
  return promise_session(call.env, own, [own](brim_session** made) { return brim_session_fork(own->pointer, made); });
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

// appendIds(session, ids) → promise
napi_value append_ids(const Call& call) {
  const auto own = call.idle_session(0);
  return promise(
      call.env, own,
      [own, ids = call.ids(1, "ids")] { return brim_session_append_ids(own->pointer, ids.data(), ids.size()); },
      undefined);
}

// loadMessages(session, JSON) → promise
napi_value load_messages(const Call& call) {
  const auto own = call.idle_session(0);
  return promise(
      call.env, own,
      [own, json = call.text(1, "messages")] {
        return brim_session_load_messages(own->pointer, json.data(), json.size());
      },
      undefined);
}

// document(session, text) → promise
napi_value document(const Call& call) {
  const auto own = call.idle_session(0);
  return promise(
      call.env, own,
      [own, text = call.text(1, "content")] { return brim_session_document(own->pointer, text.data(), text.size()); },
      undefined);
}

// regenerate(session) → promise
napi_value regenerate(const Call& call) {
  const auto own = call.idle_session(0);
  return promise(
      call.env, own, [own] { return brim_session_regenerate(own->pointer); }, undefined);
}

// logits(session) → promise of a Float32Array; embedding(session) → the same
template <brim_status (*kFunction)(brim_session*, const float**, std::size_t*)>
napi_value floats(const Call& call) {
  const auto own = call.idle_session(0);
  auto values = std::make_shared<std::vector<float>>();
  return promise(
      call.env, own,
      [own, values] {
        const float* found = nullptr;
        std::size_t count = 0;
        const brim_status status = kFunction(own->pointer, &found, &count);
        if (status == BRIM_OK) values->assign(found, found + count);
        return status;
      },
      [values](napi_env env) { return typed_array(env, *values); });
}

/// A piece from the library, whose text belongs to the session.
struct PieceCopy {
  std::string text;
  std::int32_t id = -1, end = 0;
  brim_status status = BRIM_OK;
  PieceCopy() = default;
  explicit PieceCopy(const brim_piece& found)
      : text(found.text, found.text_size),
        id(found.id),
        end(found.end),
        status(static_cast<brim_status>(found.status)) {}

  /// {text, id, end}, or the Error.
  napi_value value(napi_env env) const {
    if (status != BRIM_OK) return failure(env, status, text);
    napi_value out = new_object(env);
    put(env, out, "text", text);
    put(env, out, "id", id);
    put(env, out, "end", end);
    return out;
  }
};

// next(session) → promise of {text, id, end}; finish(session) → the same
template <brim_status (*kFunction)(brim_session*, brim_piece*)>
napi_value piece(const Call& call) {
  const auto own = call.idle_session(0);
  auto copy = std::make_shared<PieceCopy>();
  return promise(
      call.env, own,
      [own, copy] {
        brim_piece found{};
        found.size = sizeof found;
        const brim_status status = kFunction(own->pointer, &found);
        if (status == BRIM_OK) *copy = PieceCopy(found);
        return status;
      },
      [copy](napi_env env) { return copy->value(env); });
}

// nextTogether([session]) → promise of an array with {text, id, end} or an Error for each
napi_value next_together(const Call& call) {
  const auto own = call.idle_sessions(0);
  auto copies = std::make_shared<std::vector<PieceCopy>>(own.size());
  return promise(
      call.env, own,
      [own, copies] {
        std::vector<brim_session*> pointers;
        for (const auto& session : own) pointers.push_back(session->pointer);
        std::vector<brim_piece> found(own.size());
        for (brim_piece& piece : found) piece.size = sizeof piece;
        const brim_status status = brim_sessions_next(pointers.data(), pointers.size(), found.data());
        if (status != BRIM_OK) return status;
        for (std::size_t i = 0; i < own.size(); ++i) own[i]->cancelled = found[i].status == BRIM_CANCELLED;
        for (std::size_t i = 0; i < own.size(); ++i) (*copies)[i] = PieceCopy(found[i]);
        return status;
      },
      [copies](napi_env env) {
        napi_value out = nullptr;
        check(env, napi_create_array(env, &out));
        for (std::uint32_t i = 0; i < copies->size(); ++i)
          check(env, napi_set_element(env, out, i, (*copies)[i].value(env)));
        return out;
      });
}

// cancel(session): cancels the call in progress, or else the next one
napi_value cancel(const Call& call) {
  brim_session_cancel(call.handle<Session>(0)->pointer);
  return undefined(call.env);
}

// cancelInside(session): cancels the call in progress, if there is one
napi_value cancel_inside(const Call& call) {
  const auto own = call.handle<Session>(0);
  if (own->inside) {
    own->cancel_asked = true;
    brim_session_cancel(own->pointer);
  }
  return undefined(call.env);
}

// cancelAll(): before the program ends, cancels every call in progress
napi_value cancel_all(const Call& call) {
  for (Session* session : instance(call.env).inside) brim_session_cancel(session->pointer);
  return undefined(call.env);
}

// closeSession(session): the memory is freed now, or when the call in progress, which is cancelled, has ended
napi_value close_session(const Call& call) {
  const auto own = std::exchange(call.box<Session>(0).handle, nullptr);
  if (own && own->inside) brim_session_cancel(own->pointer);
  return undefined(call.env);
}

constexpr Export kCalls[] = {
    {"session", function<session>},
    {"restore", function<restore>},
    {"onProgress", function<on_progress>},
    {"fork", function<fork_session>},
    {"save", function<save>},
    {"append", function<append>},
    {"appendIds", function<append_ids>},
    {"message", function<message>},
    {"loadMessages", function<load_messages>},
    {"document", function<document>},
    {"regenerate", function<regenerate>},
    {"logits", function<floats<brim_session_logits>>},
    {"embedding", function<floats<brim_session_embedding>>},
    {"next", function<piece<brim_session_next>>},
    {"nextTogether", function<next_together>},
    {"finish", function<piece<brim_session_finish>>},
    {"cancel", function<cancel>},
    {"cancelInside", function<cancel_inside>},
    {"cancelAll", function<cancel_all>},
    {"closeSession", function<close_session>},
};

}  // namespace

std::span<const Export> session_calls() { return kCalls; }

}  // namespace brim_node
