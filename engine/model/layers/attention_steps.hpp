// What kinds of attention share: the order of steps around attend.hpp, with each sequence's KV memory. A kind (a Mixer)
// brings the projections before and after.
#pragma once

#include <cstdint>

#include "engine/kv/ids.hpp"
#include "engine/model/pass.hpp"

namespace brim::model {

/// The steps in which kinds of attention differ. Stateless.
class AttentionSteps {
 public:
  virtual ~AttentionSteps() = default;
  /// work.key and work.value of all rows of a unit, where the layer has entries of its own; keys that are not
  /// rotated_later() are rotated. Where the unit is one tile, as in decoding, its queries too: what project_queries
  /// does.
  virtual void project_inputs(const Pass& unit, kv::LayerId layer) const noexcept = 0;
  /// The queries of one tile of a longer unit.
  virtual void project_queries(const Pass& tile, kv::LayerId layer) const noexcept = 0;
  /// work.query as keys are multiplied by it: normalised, rotated.
  virtual void prepare_queries(const Pass& tile, kv::LayerId layer) const noexcept = 0;
  /// work.branch from work.mixed.
  virtual void project_output(const Pass& tile, kv::LayerId layer) const noexcept = 0;
};

/// One layer of attention, for every row of the pass: projections, the memory's steps, attention, and its result added
/// to the stream. A layer with LayerConfig::entries_of attends to what that layer has staged in the same chunk and kept
/// before; the attention that entries receive counts for the rules, statistics of layers are those of the layer that
/// keeps them.
void run_attention(const Pass& pass, kv::LayerId layer, const AttentionSteps& steps) noexcept;

/// Rotates heads, where the layer does, for the token of one row of the pass.
void rotate_heads(const Pass& pass, kv::LayerId layer, float* heads, int count, std::int64_t row) noexcept;

/// Whether the row's keys in a layer with entries of its own are compared with others before they are rotated, which is
/// then done here.
bool rotated_later(const Pass& pass, kv::LayerId layer, std::int64_t row) noexcept;

/// What becomes of attention's input besides queries, keys and values, in a layer with entries of its own: learned
/// scores of the tile's entries, and what an InputObserver gets. `input`: [tokens][embedding].
void use_inputs(const Pass& tile, kv::LayerId layer, const float* input) noexcept;

}  // namespace brim::model
