// Stop strings in a stream of text: holds back what might become one, and cuts the text before it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace brim::generate {

/// One stream, one thread. Allocates when it is created, never afterwards. Stop strings are matched on bytes and may
/// span any number of pushes; how the text is cut into pushes never changes the result. The one that is complete first
/// wins, the longest of those complete at the same byte. Empty stop strings are ignored. Linear time: each byte moves
/// one automaton (Knuth, Morris, Pratt) per stop string.
class StopMatcher {
 public:
  explicit StopMatcher(std::vector<std::string> stops);

  /// Appends to `out` all text that can no longer be part of a stop string. True once one is complete: the text before
  /// it has been appended, nothing after it ever will be.
  bool push(std::string_view text, std::string& out);
  /// The answer ended without a stop string: the text that was held back is appended to `out`.
  void flush(std::string& out);
  void reset();

  /// The complete state: the text held back (the beginning of a stop string), and whether a stop string was complete.
  const std::string& held() const { return held_; }
  bool stopped() const { return stopped_; }
  /// Sets the state as if a stop string were complete.
  void stop() noexcept { stopped_ = true; }
  /// Bytes of the longest stop string: more is never held back.
  std::size_t longest() const { return longest_; }

 private:
  struct Stop {
    std::string text;
    std::vector<std::size_t> fallback;  // by matched length: the longest shorter match that ends here too
    std::size_t matched = 0;
  };
  std::vector<Stop> stops_;
  std::string held_;
  std::size_t longest_ = 0;
  bool stopped_ = false;
};

}  // namespace brim::generate
