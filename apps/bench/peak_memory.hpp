// The largest amount of memory that this process held at once (resident set), as the system counts it, with a way to
// leave out ranges that do not belong to the engine.
#pragma once

#include <cstdint>
#include <optional>

namespace brim::apps::bench {

class PeakMemory {
 public:
  /// Counting begins here.
  PeakMemory();
  /// Leaves out what happens between pause() and resume().
  void pause();
  void resume();
  /// The peak so far in bytes; nothing where the system does not let a process restart its count.
  std::optional<std::int64_t> bytes();

 private:
  std::int64_t max_ = 0;
  bool can_reset_;
};

}  // namespace brim::apps::bench
