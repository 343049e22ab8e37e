// What the handles of the C interface point at.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "engine/api/options.hpp"
#include "engine/generate/session.hpp"
#include "engine/model/model.hpp"

struct brim_options {
  brim::api::OptionList list;
};

struct brim_model {
  std::shared_ptr<const brim::model::Model> model;
  int threads = 1;
  std::string name;
};

struct brim_session {
  std::unique_ptr<brim::generate::Session> session;
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

}  // namespace brim::api
