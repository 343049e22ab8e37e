// Stop strings in a stream of text: holds back what might become one, and cuts the text before it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace brim::generate {

/// One stream, one thread. Stop strings are matched on bytes and may span any number of pushes.
class StopMatcher {
 public:
  explicit StopMatcher(std::vector<std::string> stops);

  /// Appends to `out` all text that can no longer be part of a stop string. True once one is complete: the text before
  /// it has been appended, nothing after it ever will be.
  bool push(std::string_view text, std::string& out);
  /// The answer ended without one: what was held back is appended to `out`.
  void flush(std::string& out);
  void reset();

 private:
  std::vector<std::string> stops_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace brim::generate
