// The bounds of one rendering: steps (time), bytes alive (memory) and nesting (stack). A template is untrusted input,
// so every loop and every allocation of the interpreter is charged here and a malicious one ends with an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/stack_depth.hpp"
#include "engine/base/work_meter.hpp"

namespace brim::templates::jinja {

inline constexpr std::size_t kMaxLiveBytes = std::size_t{480} << 20;  ///< what is live; 512 MiB with what malloc adds
inline constexpr std::size_t kMaxTextBytes = std::size_t{64} << 20;   ///< one string, and the output
inline constexpr int kMaxDepth = 1000;      ///< nested evaluations; Python's limit is of this size
inline constexpr int kMaxValueDepth = 400;  ///< nested lists when printed, compared or hashed
inline constexpr int kMaxParseDepth = 200;  ///< nested expressions and statements in the source
inline constexpr std::size_t kMaxSourceBytes = std::size_t{4} << 20;
inline constexpr std::size_t kMaxTokens = std::size_t{1} << 19;  ///< of the source: a token takes some 400 bytes

/// What parsing and rendering may take of the calling thread's stack (144 KiB, but under the address sanitizer), so that a thread
/// of 256 KiB is enough for them and for what calls them. The bounds on nesting above are reached first only where frames are small.
inline constexpr std::size_t kMaxStackBytes = kFrameScale * (std::size_t{144} << 10);

/// One per rendering, made current for the thread that renders. Values created while it is current are charged to it
/// and must be destroyed before it; values created without a current meter (literals of the tree) are free.
class Meter {
 public:
  /// `max_steps`: how much work may be done; one step is about a tenth of a microsecond, a unit of `work`, which counts
  /// them too and may cancel the rendering (null: neither).
  explicit Meter(std::int64_t max_steps, WorkMeter* work = nullptr);
  ~Meter();
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  /// Null while the thread renders nothing.
  static Meter* current();
  void step(std::int64_t count);
  void take(std::size_t bytes);
  void give_back(std::size_t bytes) { live_ -= bytes; }

  /// Enters one level of evaluation; fails beyond kMaxDepth and kMaxStackBytes. Use through Depth.
  void enter();
  void leave() { --depth_; }
  /// Fails when less than a few frames of kMaxStackBytes are left. For recursion over values.
  void check_stack() const;

  void* burial = nullptr;  ///< value.cpp's: the values that wait to be released while one is being released

 private:
  Meter* previous_ = nullptr;
  WorkMeter* work_;
  std::int64_t max_steps_;
  std::int64_t steps_ = 0;
  std::size_t live_ = 0;
  int depth_ = 0;
  StackDepth stack_{kMaxStackBytes};
};

/// Charges `count` steps to the current rendering, if there is one.
void charge_steps(std::int64_t count);
/// Charges work on `bytes` bytes of text, and fails before a string beyond kMaxTextBytes is built.
void charge_text(std::size_t bytes);
/// One level of recursion over a value: fails when the stack gets short.
void charge_level();

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

/// Charges what it allocates to the rendering that was current when it was created, as memory and as the work of
/// filling it. Strings and vectors of the interpreter use it, so that every copy and all spare capacity are counted.
template <class T>
class MeteredAllocator {
 public:
  using value_type = T;
  using propagate_on_container_copy_assignment = std::true_type;
  using propagate_on_container_move_assignment = std::true_type;
  using propagate_on_container_swap = std::true_type;

  MeteredAllocator() noexcept : meter_(Meter::current()) {}
  template <class U>
  MeteredAllocator(const MeteredAllocator<U>& other) noexcept : meter_(other.meter()) {}
  MeteredAllocator select_on_container_copy_construction() const { return {}; }

  T* allocate(std::size_t count) {
    if (count > std::numeric_limits<std::size_t>::max() / 2 / sizeof(T)) throw std::bad_alloc();
    const std::size_t bytes = bytes_of(count);
    if (meter_ != nullptr) {
      meter_->step(static_cast<std::int64_t>(bytes / kBytesPerStep));
      meter_->take(bytes);
    }
    try {
      return std::allocator<T>().allocate(count);
    } catch (...) {
      if (meter_ != nullptr) meter_->give_back(bytes);
      throw;
    }
  }
  void deallocate(T* memory, std::size_t count) noexcept {
    std::allocator<T>().deallocate(memory, count);
    if (meter_ != nullptr) meter_->give_back(bytes_of(count));
  }

  Meter* meter() const noexcept { return meter_; }
  template <class U>
  bool operator==(const MeteredAllocator<U>& other) const noexcept {
    return meter_ == other.meter();
  }

 private:
  static constexpr std::size_t kBytesPerStep = 64;
  static constexpr std::size_t kBlockBytes = 16;  // what malloc adds to a block
  static std::size_t bytes_of(std::size_t count) { return count * sizeof(T) + kBlockBytes; }

  Meter* meter_;
};

using String = std::basic_string<char, std::char_traits<char>, MeteredAllocator<char>>;
template <class T>
using Vector = std::vector<T, MeteredAllocator<T>>;

/// std::make_shared, charged.
template <class T, class... Arguments>
std::shared_ptr<T> make_metered(Arguments&&... arguments) {
  return std::allocate_shared<T>(MeteredAllocator<std::remove_const_t<T>>(), std::forward<Arguments>(arguments)...);
}

}  // namespace brim::templates::jinja
