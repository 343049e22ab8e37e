// What the handles of the C interface point at.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "engine/api/barrier.hpp"
#include "engine/api/options.hpp"
#include "engine/generate/session.hpp"
#include "engine/model/model.hpp"

struct brim_options {
  brim::api::OptionList list;
};

struct brim_model {
  std::shared_ptr<const brim::model::Model> model;
  int threads = 1;
  std::shared_ptr<brim::kv::Pool> pool;  ///< null: sessions have budgets of their own
  std::string name;
};

struct brim_session {
  std::unique_ptr<brim::generate::Session> session;
  brim::api::OptionList list;  ///< what it was made with and what was changed since, for saving it
  std::string text;  ///< what a pointer handed out points into
  std::atomic<std::thread::id> user{};  ///< the thread that is inside a call; none: nobody
};

namespace brim::api {

/// One call's turn on a session. A second thread, or a callback that calls back, finds it taken. What only looks may also
/// be called by a callback of the call that has the turn.
class Turn {
 public:
  enum class Kind { change, look };
  Turn(brim_session& session, Kind kind) noexcept : session_(session) {
    std::thread::id nobody{};
    const std::thread::id self = std::this_thread::get_id();
    mine_ = session_.user.compare_exchange_strong(nobody, self, std::memory_order_acquire);
    allowed_ = mine_ || (kind == Kind::look && nobody == self);
  }
  ~Turn() {
    if (mine_) session_.user.store({}, std::memory_order_release);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  bool allowed() const { return allowed_; }

 private:
  brim_session& session_;
  bool mine_ = false;
  bool allowed_ = false;
};

/// Runs `body` on the session when it is this call's turn.
template <class Handle, class Body>
brim_status on_session(Handle* session, Turn::Kind kind, Body&& body) noexcept {
  return guarded([&]() -> Status {
    if (session == nullptr) return null_argument("session");
    const Turn turn(const_cast<brim_session&>(*session), kind);
    if (!turn.allowed()) {
      return error(ErrorCode::wrong_state,
                   "this session is inside another call: one thread at a time, and no changes from a callback");
    }
    return body();
  });
}

/// Changes one option of a living session, and remembers it. Errors: as change_option.
Status set_option(brim_session& handle, const std::string& key, const std::string& value);

}  // namespace brim::api
