// The bounds of one rendering: steps (time), bytes alive (memory) and nesting (stack). A template is untrusted input,
// so every loop and every allocation of the interpreter is charged here and a malicious one ends with an error.
#pragma once

#include <cstddef>
#include <cstdint>

namespace brim::text::jinja {

inline constexpr std::size_t kMaxLiveBytes = std::size_t{512} << 20;
inline constexpr std::size_t kMaxTextBytes = std::size_t{64} << 20;  ///< one string, and the output
inline constexpr int kMaxDepth = 1000;                          ///< nested evaluations; Python's limit is of this size
inline constexpr int kMaxValueDepth = 400;                      ///< nested lists when printed, compared or hashed
inline constexpr int kMaxParseDepth = 200;                      ///< nested expressions and statements in the source
inline constexpr std::size_t kMaxSourceBytes = std::size_t{4} << 20;

/// One per rendering, made current for the thread that renders. Values created while it is current are charged to it
/// and must be destroyed before it; values created without a current meter (literals of the tree) are free.
class Meter {
 public:
  /// `max_steps`: how much work may be done; one step is about a tenth of a microsecond.
  explicit Meter(std::int64_t max_steps);
  ~Meter();
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  /// Null while the thread renders nothing.
  static Meter* current();
  void step(std::int64_t count);
  void take(std::size_t bytes);
  void give_back(std::size_t bytes) { live_ -= bytes; }

  /// Enters one level of evaluation; fails beyond kMaxDepth. Use through Depth.
  void enter();
  void leave() { --depth_; }

  void* burial = nullptr;  ///< value.cpp's: values that wait for being let go

 private:
  Meter* previous_ = nullptr;
  std::int64_t max_steps_;
  std::int64_t steps_ = 0;
  std::size_t live_ = 0;
  int depth_ = 0;
};

/// Charges `count` steps to the current rendering, if there is one.
void charge_steps(std::int64_t count);
/// Charges work on `bytes` bytes of text, and fails before a string beyond kMaxTextBytes is built.
void charge_text(std::size_t bytes);

/// One level of nesting, left when the guard goes.
class Depth {
 public:
  Depth();
  ~Depth();
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;

 private:
  Meter* meter_;
};

/// Memory held by a value, given back when the value goes.
class Charge {
 public:
  explicit Charge(std::size_t bytes);
  ~Charge();
  Charge(const Charge&) = delete;
  Charge& operator=(const Charge&) = delete;
  /// Charges `bytes` more.
  void grow(std::size_t bytes);

 private:
  Meter* meter_;
  std::size_t bytes_;
};

}  // namespace brim::text::jinja
