// Which places of a text can be gone back to, and in which slot of memory each one's copy lies: the bookkeeping of
// copies that are kept of something that cannot be cut back (states.hpp, anchors.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace brim::kv {

struct Checkpoint {
  std::int64_t tokens;  ///< the text's first `tokens` tokens were processed
  std::size_t slot;     ///< where its copy lies
};

/// By tokens, ascending. Allocates when it is constructed, and never again. One thread at a time.
class CheckpointList {
 public:
  explicit CheckpointList(std::size_t max) : max_(max) { kept_.reserve(max); }

  std::size_t max() const { return max_; }
  std::size_t size() const { return kept_.size(); }
  auto begin() const { return kept_.begin(); }
  auto end() const { return kept_.end(); }
  void clear() noexcept { kept_.clear(); }

  /// Adds a place behind all others and returns the slot that its copy has to be written to; where there is no room for
  /// one more, the oldest is dropped. Empty, with nothing changed, where there is room for none or the place is there.
  std::optional<std::size_t> add(std::int64_t tokens) noexcept;
  void drop_newest() noexcept { kept_.pop_back(); }
  /// Drops the places behind `tokens` tokens.
  void drop_after(std::int64_t tokens) noexcept {
    while (!kept_.empty() && kept_.back().tokens > tokens) kept_.pop_back();
  }
  /// The newest place of at most `tokens` tokens; empty where there is none.
  std::optional<std::int64_t> newest(std::int64_t tokens) const noexcept;
  bool has(std::int64_t tokens) const noexcept { return newest(tokens) == tokens; }
  /// Where the copy of the place of exactly `tokens` tokens lies; empty where there is no such place.
  std::optional<std::size_t> slot(std::int64_t tokens) const noexcept;
  /// The slot of the place of exactly `tokens` tokens; newer places are dropped. Empty, with nothing changed, where
  /// there is no such place.
  std::optional<std::size_t> go_back(std::int64_t tokens) noexcept;

 private:
  std::size_t free_slot() const noexcept;

  std::size_t max_;
  std::vector<Checkpoint> kept_;
};

}  // namespace brim::kv
