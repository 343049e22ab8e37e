// Pieces of tokens to text that is safe to print: a UTF-8 character that arrives in several tokens comes out once, whole.
#pragma once

#include <string>
#include <string_view>

namespace brim::text {

/// Holds at most 3 bytes back, and allocates nothing but in `out`. Bytes that can never become UTF-8 come out as U+FFFD. One stream, one thread.
class StreamDecoder {
 public:
  /// Appends to `out` all characters that are complete after `bytes`.
  void push(std::string_view bytes, std::string& out);
  /// Ends the stream: what is held back comes out as U+FFFD.
  void flush(std::string& out);
  void reset() { held_.clear(); }

  /// The bytes that are held back: the complete state.
  const std::string& held() const { return held_; }
  void resume(std::string_view held) {
    held_.clear();
    std::string nothing;
    push(held, nothing);
  }

 private:
  std::string held_;
};

}  // namespace brim::text
