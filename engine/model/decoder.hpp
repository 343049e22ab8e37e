// The forward pass: tokens in, the KV memory grown by them, logits out. The whole transformer is the loop in decoder.cpp; what
// a model has of its own comes from its Config.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <utility>

#include "engine/base/result.hpp"
#include "engine/kv/memory.hpp"
#include "engine/model/model.hpp"
#include "engine/model/pass.hpp"
#include "engine/model/rope.hpp"
#include "engine/model/workspace.hpp"

namespace brim::model {

/// Borrows everything it is given; one thread at a time. Allocates nothing.
class Decoder {
 public:
  Decoder(const Model& model, const Rope& rope, kv::Memory& memory, Workspace& work, kernels::Runtime runtime)
      : model_(model), rope_(rope), memory_(memory), work_(work), runtime_(runtime) {}

  /// Reads 1 … memory.plan().chunk tokens. `cancel` (may be null) is polled in every task of the threads; when it turns true, and
  /// stays so until this returns, the chunk is given up (the memory may then be stale) and cancelled comes back.
  /// Errors: invalid_argument for an empty or too long chunk or an id outside the vocabulary (nothing is changed);
  /// wrong_state for a stale memory; cancelled.
  Status forward(std::span<const std::int32_t> tokens, const std::atomic<bool>* cancel);
  /// The same for at most memory.draft_room() tokens of which only the first is certain: the memory takes in that one, the
  /// others as it is told to (Memory::accept_draft). Each token's stream and logits are bit for bit those it would have
  /// alone.
  Status forward_drafts(std::span<const std::int32_t> tokens, const std::atomic<bool>* cancel);

  /// Who hears of attention's output from now on (pass.hpp); an empty one: nobody.
  void observe_attention(AttentionObserver observer) { observer_ = std::move(observer); }

  /// Logits after token `index` of the last chunk: vocabulary floats, valid until the next call.
  std::span<const float> logits(std::int64_t index) noexcept { return logits(index, 1); }
  /// Logits after `count` tokens from `first` on, row by row; count ≤ the workspace's logit_rows. Not to be used when `cancel`
  /// (may be null) has become true.
  std::span<const float> logits(std::int64_t first, std::int64_t count, const std::atomic<bool>* cancel = nullptr) noexcept;
  /// The stream after token `index` of the last chunk, normalised as the output is computed from it: embedding floats, valid
  /// until the next call.
  std::span<const float> embedding(std::int64_t index) noexcept;
  /// Tokens in the last chunk.
  std::int64_t last_tokens() const { return last_tokens_; }
  /// The residual stream behind token `index` of the last chunk, embedding floats: what its logits are computed from.
  std::span<const float> stream(std::int64_t index) const noexcept;
  /// As if the last chunk had been one token: whoever writes the stream that it left gets its logits.
  std::span<float> resume() noexcept;

 private:
  Status check(std::span<const std::int32_t> tokens, std::int64_t most) const;
  Status read_chunk(std::span<const std::int32_t> tokens, kv::Chunk chunk, const std::atomic<bool>* cancel);
  void embed(std::span<const std::int32_t> tokens, std::int64_t position) noexcept;

  const Model& model_;
  const Rope& rope_;
  kv::Memory& memory_;
  Workspace& work_;
  kernels::Runtime runtime_;
  std::int64_t last_tokens_ = 0;
  AttentionObserver observer_;
};

}  // namespace brim::model
