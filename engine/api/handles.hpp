// What the handles of the C interface point to.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include <brim/brim.h>

#include "engine/api/barrier.hpp"
#include "engine/api/options.hpp"
#include "engine/base/quote.hpp"
#include "engine/generate/session.hpp"
#include "engine/model/model.hpp"
#include "engine/run/executor.hpp"

namespace brim::api {

/// Where a model's messages go. Shared by the model and its sessions, which may outlive it.
class ModelLog {
 public:
  ModelLog(brim_log log, void* user) : log_(log), user_(user) {}
  /// Writes the message as one line that a terminal can show, because it may contain untrusted names and paths.
  void say(brim_log_level level, const std::string& sentence) { say(level, one_line(sentence).c_str()); }
  void say(brim_log_level level, const char* sentence) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (log_ != nullptr) log_(user_, level, sentence);
  }
  /// The same, unless it was called with this sentence before.
  void say_once(brim_log_level level, const std::string& sentence) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!said_.insert(sentence).second) return;
    }
    say(level, sentence);
  }
  /// After this returns the callback is never called again, and no call is in progress.
  void end() {
    const std::lock_guard<std::mutex> lock(mutex_);
    log_ = nullptr;
  }

 private:
  std::mutex mutex_;
  std::set<std::string> said_;
  brim_log log_;
  void* user_;
};

}  // namespace brim::api

struct brim_options {
  brim::api::OptionList list;
  brim_log log = nullptr;
  void* log_user = nullptr;
  brim_progress progress = nullptr;  ///< for creating and restoring sessions
  void* progress_user = nullptr;
};

struct brim_model {
  std::shared_ptr<const brim::model::Model> model;
  int threads = 1;
  std::shared_ptr<brim::run::Executor> executor;  ///< shared by all sessions
  std::shared_ptr<brim::kv::Pool> pool;           ///< null: each session has its own budget
  std::string name;
  std::shared_ptr<brim::api::ModelLog> log;  ///< null: no log
  ~brim_model() {
    if (log != nullptr) log->end();
  }
};

struct brim_session {
  std::unique_ptr<brim::generate::Session> session;
  brim::api::OptionList list;                ///< its options at creation and later changes, for saving it
  std::shared_ptr<brim::api::ModelLog> log;  ///< the model's
  std::string eviction_message;  ///< the log message for when its cache begins to evict, created while there is memory
  bool eviction_logged = false;
  bool whole_reading_logged = false;
  std::string text;                     ///< the text that a returned pointer points into
  std::atomic<std::thread::id> user{};  ///< the thread that is inside a call; a default id: none
  bool freed = false;                   ///< by a callback of that call, whose end frees it
};

namespace brim::api {

/// The turn of one call on a session. A second thread, or a callback that calls back, finds it taken. Calls that only
/// look may also be made by a callback of the call that has the turn. A session that this callback freed ends with the
/// turn.
class Turn {
 public:
  enum class Kind { change, look };
  Turn(brim_session& session, Kind kind) noexcept : session_(session) {
    std::thread::id none{};
    const std::thread::id self = std::this_thread::get_id();
    mine_ = session_.user.compare_exchange_strong(none, self, std::memory_order_acquire);
    allowed_ = mine_ || (kind == Kind::look && none == self);
  }
  ~Turn() {
    if (!mine_) return;
    if (session_.freed) {
      delete &session_;
    } else {
      session_.user.store({}, std::memory_order_release);
    }
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  bool allowed() const { return allowed_; }
  /// Whether this call itself has the turn, and not a call further up the stack.
  bool mine() const { return mine_; }

 private:
  brim_session& session_;
  bool mine_ = false;
  bool allowed_ = false;
};

/// Gives a new handle its model's log. Cannot fail, except for lack of memory.
void attach_log(brim_session& session, std::shared_ptr<ModelLog> log);
/// Reports to that log, once per session, that the cache has begun to evict. Allocates nothing.
void log_eviction(brim_session& session) noexcept;

/// Reports to that log, once per session, that a whole text was processed again for want of a checkpoint. Allocates
/// nothing.
void log_whole_reading(brim_session& session) noexcept;

/// Runs `body` on the session when this call has the turn.
template <class Handle, class Body>
brim_status on_session(Handle* session, Turn::Kind kind, Body&& body) noexcept {
  return guarded([&]() -> Status {
    if (session == nullptr) return null_argument("session");
    const Turn turn(const_cast<brim_session&>(*session), kind);
    if (!turn.allowed()) {
      return error(ErrorCode::wrong_state,
                   "this session is inside another call: one thread at a time, and no changes from a callback");
    }
    Status status = body();
    if (turn.mine()) {
      log_eviction(const_cast<brim_session&>(*session));
      log_whole_reading(const_cast<brim_session&>(*session));
    }
    return status;
  });
}

/// A piece in the form of the C interface; its text belongs to the session.
brim_piece piece_of(const generate::Piece& piece) noexcept;

/// Adds to the list what a saved session needs: the profile that is in use, in place of the name of its file. Logs why
/// an existing profile is not used, unless loading the model has logged it; and once per model that it was measured in
/// another way than it is used.
void keep_profile(brim_session& handle);

/// Changes one option of a living session, and stores it; all or nothing, also without memory. Errors: as
/// change_option.
Status set_option(brim_session& handle, const std::string& key, const std::string& value);
/// Removes every value of a repeatable option. Errors: invalid_argument for other keys.
Status unset_option(brim_session& handle, const std::string& key);
/// Value number `index` of an option; nullptr when it has not been given so many values.
const std::string* given_option(const brim_session& handle, std::string_view key, std::size_t index);

}  // namespace brim::api
