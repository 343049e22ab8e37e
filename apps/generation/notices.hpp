// What people must be told once: that a conversation or text has outgrown its memory, or what the model was trained for.
#pragma once

#include <brim/brim.hpp>
#include <cstdint>

namespace brim::apps {

/// Remembers what was said. One per session.
class Notices {
 public:
  /// `trained_context`: of the model, in tokens. `what`: "conversation", "text".
  Notices(const char* what, std::int64_t trained_context) : what_(what), trained_(trained_context) {}

  /// Says on standard error what is new since the last call.
  void give(const brim_stats& stats);
  /// The session begins anew: everything may be said again.
  void forget() { said_evicting_ = said_beyond_ = false; }

 private:
  const char* what_;
  std::int64_t trained_;
  bool said_evicting_ = false, said_beyond_ = false;
};

}  // namespace brim::apps
