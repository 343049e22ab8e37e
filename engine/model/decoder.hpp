// The forward pass: tokens of one or several sequences in, their KV memories extended by these tokens, logits out. The
// whole transformer is the loop in decoder.cpp; the differences between models come from Config.
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

/// The input of a pass for one sequence: 1 … memory->plan().chunk tokens. Borrows everything.
struct SequenceStep {
  kv::Memory* memory = nullptr;
  const Rope* rope = nullptr;
  std::span<const std::int32_t> tokens{};
  /// Of each token; empty: all are generated. A block of recurrences ends with the chunk at the latest: bits depend on
  /// where it ends.
  std::span<const kernels::RowRole> roles{};
  /// Only the first token is certain; at most memory->draft_room() tokens. The memory takes in the first one, and the
  /// others when they are accepted (Memory::accept_draft). Each token's residual stream and logits are bit for bit
  /// those it would have alone.
  bool drafts = false;
  const AttentionObserver* observer = nullptr;  ///< is called with attention's output (pass.hpp); null: none
  const InputObserver* inputs = nullptr;        ///< the same with its input
  std::int64_t looks_at = 0;  ///< the newest tokens, which these tokens only look at (Memory::begin_look); 0: none
};

/// Borrows everything it is given; one thread at a time. Allocates nothing.
class Decoder {
 public:
  Decoder(const Model& model, Workspace& work, kernels::Runtime runtime)
      : model_(model), work_(work), runtime_(runtime) {}

  /// Processes the tokens of 1 … kMaxSequences sequences, each once, in one pass: as many rows as the workspace has, in
  /// the order of the steps. A row's bits depend only on its sequence and its role, whatever else the pass processes.
  /// `cancel` (may be null) is polled in every task of the threads; when it turns true, and stays so until this
  /// returns, all chunks are abandoned (memories may then be stale) and cancelled is returned. Errors: invalid_argument
  /// for no sequences or too many, an empty or too long chunk or an id outside the vocabulary (nothing is changed);
  /// wrong_state for a stale memory; io where embeddings are read from the file and it has changed or
  /// cannot be read; cancelled.
  Status forward(std::span<const SequenceStep> steps, const std::atomic<bool>* cancel);

  /// Logits after the tokens of rows [first, first + count) of the last pass: [count][vocabulary], written to `out`.
  /// The result must not be used when `cancel` (may be null) has become true.
  void logits(std::int64_t first, std::int64_t count, std::span<float> out,
              const std::atomic<bool>* cancel = nullptr) noexcept;
  /// The same from rows of the residual stream that the caller kept: [count][embedding], count ≤ kPassTile.
  void logits_of(std::span<const float> rows, std::span<float> out, const std::atomic<bool>* cancel = nullptr) noexcept;
  /// Rows in the last pass.
  std::int64_t last_tokens() const { return last_tokens_; }
  /// The residual stream behind rows [first, first + count) of the last pass, [count][embedding]: what logits are
  /// computed from. Valid until the next pass.
  std::span<const float> stream(std::int64_t first, std::int64_t count) const noexcept;

 private:
  Status check(std::span<const SequenceStep> steps) const;
  Status embed(const SequenceStep& step, const Segment& segment);

  const Model& model_;
  Workspace& work_;
  kernels::Runtime runtime_;
  std::int64_t last_tokens_ = 0;
};

}  // namespace brim::model
