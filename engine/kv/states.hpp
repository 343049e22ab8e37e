// The states of layers that keep a fixed number of bytes whatever was processed (recurrent layers), and checkpoints of
// them. A state cannot be cut back as entries can: going back in a text means restoring a checkpoint, and processing
// the tokens behind it again. All of these bytes belong to the same budget (Plan::state_bytes, Plan::state_copies).
// Checkpoints also hold entries of layers with a window (windows.hpp); the list of them is here, also without states.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/base/state.hpp"
#include "engine/kv/checkpoint_list.hpp"
#include "engine/kv/ids.hpp"
#include "engine/kv/layout.hpp"
#include "engine/kv/plan.hpp"

namespace brim::kv {

/// Allocates when it is constructed, and never again. One thread at a time; the states of different layers may be
/// written by different threads.
class States {
 public:
  /// Takes its bytes from `map`: the live states, then the checkpoints, then the copy for drafts.
  States(const Plan& plan, MemoryMap& map);

  bool any() const { return !places_.empty(); }
  /// The live state of a layer that has one; all zeros before the first token.
  std::span<std::byte> at(LayerId layer) noexcept;
  /// Sets the states to zeros and drops all checkpoints.
  void clear() noexcept;

  /// The live states become a checkpoint of the text's first `tokens` tokens; returns its slot. Where there is no room
  /// for one more, the oldest checkpoint is dropped. Empty where there is room for none, or this one is there.
  std::optional<std::size_t> keep(std::int64_t tokens) noexcept;
  /// The live states are copied before drafts change them: one more checkpoint, beside the others and in place of the
  /// last of its kind. Nothing happens where the shape has no room for that (Shape::drafts). It is not saved.
  void keep_for_drafts(std::int64_t tokens) noexcept;
  /// The newest checkpoint of at most `tokens` tokens; empty where there is none.
  std::optional<std::int64_t> newest(std::int64_t tokens) const noexcept;
  /// The checkpoint of exactly `tokens` tokens becomes the live states, and newer ones are dropped. False where there is
  /// none: then nothing is changed, except that newer ones are dropped where no layer has a state.
  bool go_back(std::int64_t tokens) noexcept;
  /// The checkpoints that are kept now, oldest first, without the copy for drafts.
  const CheckpointList& checkpoints() const { return kept_; }

  /// Everything that this object holds, for saved sessions. Nothing is written where no layer has a state and there is
  /// no room for checkpoints.
  void save(StateWriter& state) const;
  /// Reads it back into cleared states. `tokens`: of the text that is restored. Errors: those of the state reader.
  Status restore(StateReader& state, std::int64_t tokens);

 private:
  struct Place {
    LayerId layer;
    std::size_t offset, bytes;
  };
  std::span<std::byte> slot(std::size_t index) const noexcept {
    return slots_.subspan(index * live_.size(), live_.size());
  }

  std::vector<Place> places_;  // by layer
  std::span<std::byte> live_;
  std::span<std::byte> slots_;  // one copy of live_ per possible checkpoint, and one for drafts
  CheckpointList kept_;
  bool for_drafts_;                            // whether there is that one
  std::optional<std::int64_t> before_drafts_;  // tokens of the text that it was taken after
};

}  // namespace brim::kv
