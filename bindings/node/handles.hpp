// What the JavaScript handles hold. Everything here except `pointer` and `cancelled` belongs to the event loop's
// thread. A call that runs on a worker thread keeps its handle alive with a shared pointer, so that neither close() nor
// the garbage collector frees what is in use.
#pragma once

#include <brim/brim.h>
#include <brim/scheduler.h>
#include <node_api.h>

#include <memory>
#include <set>

namespace brim_node {

class Listener;

struct Model {
  brim_model* pointer = nullptr;
  std::shared_ptr<Listener> log;  ///< is called with the model's log until the model is freed; null: none
  Model() = default;
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
  ~Model() { brim_model_free(pointer); }
};

struct Session {
  brim_session* pointer = nullptr;
  bool inside = false;        ///< a call runs on a worker thread, or waits for one
  bool cancel_asked = false;  ///< cancelInside() was called during that call
  bool cancelled = false;     ///< that call, on several sessions, was cancelled for this one; set by the worker thread
  std::shared_ptr<Listener> progress;  ///< is called while text is processed; null: none
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { brim_session_free(pointer); }
};

/// Any thread may call it; one step at a time (scheduler.js).
struct Scheduler {
  brim_scheduler* pointer = nullptr;
  Scheduler() = default;
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;
  ~Scheduler() { brim_scheduler_free(pointer); }
};

/// What belongs to one environment (the program, or one of its Worker threads).
struct Instance {
  std::set<Session*> inside;  ///< sessions with a call inside
};

/// Marks which kind of handle an object is, so that another object is not mistaken for one.
template <class Handle>
inline constexpr napi_type_tag kTag{};
template <>
inline constexpr napi_type_tag kTag<Model>{0x6272696d2d6d6f64, 0x9f5c1d2a7b3e4810};
template <>
inline constexpr napi_type_tag kTag<Session>{0x6272696d2d736573, 0x9f5c1d2a7b3e4811};
template <>
inline constexpr napi_type_tag kTag<Listener>{0x6272696d2d6c6973, 0x9f5c1d2a7b3e4812};
template <>
inline constexpr napi_type_tag kTag<Scheduler>{0x6272696d2d736368, 0x9f5c1d2a7b3e4813};
template <class Handle>
inline constexpr const char* kKind = "";
template <>
inline constexpr const char* kKind<Model> = "model";
template <>
inline constexpr const char* kKind<Session> = "session";
template <>
inline constexpr const char* kKind<Listener> = "listener";
template <>
inline constexpr const char* kKind<Scheduler> = "scheduler";

/// What a handle's object holds; empty once it is closed.
template <class Handle>
struct Box {
  std::shared_ptr<Handle> handle;
};

}  // namespace brim_node
