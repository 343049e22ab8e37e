// What a rule that keeps distinct keys compares them with (EntryMeasure::distinctness): each KV head of each stream that
// it decides in has an anchor, the sum of the directions of all its keys so far, before rotation and in the order of tokens. Evicting and
// rebasing do not change it, and the pieces in which a text is processed do not either.
//
// Evicted keys cannot be subtracted again, so an anchor is not cut back but copied: an open chunk works on a copy, which
// is discarded if the chunk is abandoned; and two more copies are kept, of the places in the text that are gone back to
// most: one token before the end of each of the last two prompts, because the last token is then processed again. All of
// these bytes belong to the budget (anchor_bytes).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/base/state.hpp"
#include "engine/kv/checkpoint_list.hpp"
#include "engine/kv/plan.hpp"
#include "engine/kv/staging.hpp"
#include "engine/kv/timeline.hpp"

namespace brim::kv {

/// Allocates when it is constructed, and never again. One thread at a time. Has nothing to do where the plan compares no
/// keys.
class Anchors {
 public:
  /// `memory` holds anchor_bytes(plan.shape, plan.needs), which may be 0.
  Anchors(const Plan& plan, float* memory);

  bool any() const { return !places_.empty(); }
  /// Nothing was processed: sets all anchors to zeros and drops all copies.
  void clear() noexcept;

  /// The next chunk ends a prompt: the anchors before its last token are kept.
  void expect_end() noexcept { ends_prompt_ = any(); }
  /// A chunk whose tokens are certain begins, or a draft that was accepted.
  void begin_chunk(const TokenSpan& chunk) noexcept;
  /// Takes in the chunk's keys of one stream and writes the distinctness of each token's. Only for streams whose keys the
  /// plan compares; once per stream and chunk.
  void compare(StreamId stream, const KeyRows& rows, float* distinctness) noexcept;
  /// Every stream was compared.
  void end_chunk() noexcept;
  /// As if the chunk had not begun; but one that was to end a prompt costs the older of two kept copies.
  void abandon_chunk() noexcept;

  /// Keeps a copy of the anchors as they are after `tokens` tokens.
  void keep(std::int64_t tokens) noexcept;
  /// The newest place of at most `tokens` tokens that go_back() can go to; empty where there is none.
  std::optional<std::int64_t> newest(std::int64_t tokens) const noexcept { return kept_.newest(tokens); }
  bool has(std::int64_t tokens) const noexcept { return kept_.has(tokens); }
  /// The anchors are again those after `tokens` tokens, and newer copies are dropped. has(tokens).
  void go_back(std::int64_t tokens) noexcept;

  /// Everything that this object holds, for saved sessions. Nothing is written where no keys are compared.
  void save(StateWriter& state) const;
  /// Reads it back into cleared anchors. `tokens`: of the text that is restored. Errors: those of the state reader.
  Status restore(StateReader& state, std::int64_t tokens);

 private:
  struct Place {
    std::size_t offset;
    int heads, size;
  };
  std::span<float> copy(std::size_t number) const noexcept;
  std::span<float> live() const noexcept { return copy(live_); }
  std::span<float> kept(std::size_t slot) const noexcept;

  std::vector<Place> places_;  // by stream; empty: no keys are compared; those of other streams are not used
  std::size_t floats_ = 0;     // of one copy
  float* memory_ = nullptr;
  std::size_t live_ = 0;  // the copy that is valid; the open chunk works on the other one of the first two
  CheckpointList kept_;
  TokenSpan chunk_;
  bool ends_prompt_ = false;          // the next chunk does
  std::optional<std::size_t> ahead_;  // the slot that the open chunk's place is written to
};

}  // namespace brim::kv
