// Notices that are given only once: that a conversation or text has outgrown its memory, or the model's trained
// context.
#pragma once

#include <brim/brim.hpp>
#include <cstdint>

namespace brim::apps {

/// Records which notices were given. One instance per session.
class Notices {
 public:
  /// `trained_context`: the model's trained context in tokens. `what`: "conversation", "text".
  Notices(const char* what, std::int64_t trained_context) : what_(what), trained_(trained_context) {}

  /// Writes the notices that are new since the last call to standard error.
  void give(const brim_stats& stats);
  /// The session begins again: every notice may be given again.
  void reset() { said_evicting_ = said_beyond_ = false; }

 private:
  const char* what_;
  std::int64_t trained_;
  bool said_evicting_ = false, said_beyond_ = false;
};

}  // namespace brim::apps
