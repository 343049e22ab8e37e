// The forward pass: tokens of one or several sequences in, their KV memories grown by them, logits out. The whole
// transformer is the loop in decoder.cpp; what a model has of its own comes from its Config.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "engine/base/result.hpp"
#include "engine/kv/memory.hpp"
#include "engine/model/model.hpp"
#include "engine/model/pass.hpp"
#include "engine/model/rope.hpp"
#include "engine/model/workspace.hpp"

namespace brim::model {

/// What a pass takes of one sequence: 1 … memory->plan().chunk tokens. Borrows everything.
struct SequenceStep {
  kv::Memory* memory = nullptr;
  const Rope* rope = nullptr;
  std::span<const std::int32_t> tokens{};
  std::span<const kernels::RowRole> roles{};  ///< of each token; empty: all are generated
  /// Only the first token is certain; at most memory->draft_room(). The memory takes in that one, the others as it is
  /// told to (Memory::accept_draft). Each token's stream and logits are bit for bit those it would have alone.
  bool drafts = false;
  const AttentionObserver* observer = nullptr;  ///< is called with attention's output (pass.hpp); null: none
};

/// Borrows everything it is given; one thread at a time. Allocates nothing.
class Decoder {
 public:
  Decoder(const Model& model, Workspace& work, kernels::Runtime runtime)
      : model_(model), work_(work), runtime_(runtime) {}

  /// Takes the tokens of 1 … kMaxSequences sequences, each once, in one pass: as many rows as the workspace has, in the
  /// order of the steps. A row's bits depend on its sequence and its role alone, whatever else the pass takes. `cancel` (may be null) is polled in every task of the threads; when it turns true, and stays
  /// so until this returns, all chunks are given up (memories may then be stale) and cancelled comes back. Errors:
  /// invalid_argument for no sequences or too many, an empty or too long chunk or an id outside the vocabulary (nothing
  /// is changed); wrong_state for a stale memory; cancelled.
  Status forward(std::span<const SequenceStep> steps, const std::atomic<bool>* cancel);

  /// Logits after the tokens of rows [first, first + count) of the last pass: [count][vocabulary], written to `out`.
  /// Not to be used when `cancel` (may be null) has become true.
  void logits(std::int64_t first, std::int64_t count, std::span<float> out,
              const std::atomic<bool>* cancel = nullptr) noexcept;
  /// The same after rows of the residual stream that somebody kept: [count][embedding], count ≤ kPassTile.
  void logits_of(std::span<const float> rows, std::span<float> out, const std::atomic<bool>* cancel = nullptr) noexcept;
  /// Rows in the last pass.
  std::int64_t last_tokens() const { return last_tokens_; }
  /// The residual stream behind rows [first, first + count) of the last pass, [count][embedding]: what logits are
  /// computed from. Valid until the next pass.
  std::span<const float> stream(std::int64_t first, std::int64_t count) const noexcept;

 private:
  Status check(std::span<const SequenceStep> steps) const;
  void embed(const SequenceStep& step, const Segment& segment) noexcept;

  const Model& model_;
  Workspace& work_;
  kernels::Runtime runtime_;
  std::int64_t last_tokens_ = 0;
};

}  // namespace brim::model
