// The cache itself: what happens to a chunk of tokens on its way into the layers. It holds exactly Plan::budget_bytes
// of memory that the session's arena gave it, and moves entries inside them; it never allocates. Its parts: layout
// (where things lie), layer_store (one layer's entries), staging (the chunk), eviction (which entries stay), rebase
// (positions), rewind (taking tokens back), rebalance (quotas that move between layers), grouping (entries that belong
// together) with document (where a text is cut).
//
// A forward pass over a chunk of n tokens, layer by layer:
//   begin(n, ids)               once: makes room in position space (rebasing survivors when the context is used up)
//   stage(layer, k, v)          packs the chunk's keys (already rotated) and values into the one staging buffer
//   view(layer)                 what attention may read: retained entries oldest first, then the staged ones
//   add_mass(layer, …)          only if needs() says so, and the same for
//   observe(layer, …)
//   commit(layer)               scores, prunes the layer to its quota, moves survivors into granules
//   end()                       once: the n tokens are part of the past; quotas may move between layers
// or, when all but the first of them are guesses,
//   begin_drafts(n), … the same … end()     the layers take in the first token only, the others stay in staging
//   accept_draft()              the next guess was right: it is taken in as a chunk of one would have been
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/base/state.hpp"
#include "engine/kv/document.hpp"
#include "engine/kv/eviction.hpp"
#include "engine/kv/layer_store.hpp"
#include "engine/kv/layout.hpp"
#include "engine/kv/plan.hpp"
#include "engine/kv/scorer.hpp"
#include "engine/kv/staging.hpp"

namespace brim::kv {

/// Rotates stored keys again when positions are rebased: by −delta positions (delta may be negative: where other layers
/// kept more entries, a survivor moves up), or not at all on layers without rope. Implemented by the model, which knows
/// its frequencies (no magnitude scaling: keys already carry it). `layer` is the model's.
class KeyRotation {
 public:
  virtual ~KeyRotation() = default;
  /// keys[count][key_size] of one layer: `count` keys that move together, so that their angles are computed once.
  virtual void rotate_back(int layer, float* keys, std::int64_t count, std::int64_t delta) const noexcept = 0;
};

/// A stretch of entries of one (layer, head) that lie at equal strides: entry e's key is keys + e · key_stride.
struct Stretch {
  const std::byte* keys;
  const std::byte* values;
  std::size_t key_stride;
  std::size_t value_stride;
  std::int64_t count;
};

/// What attention reads of one layer. Entries are in order of age, oldest first; all heads hold the same entries.
/// Valid until the cache's next non-const call. Many threads may read it at once.
class View {
 public:
  std::int64_t retained() const { return retained_; }
  std::int64_t staged() const { return staged_; }
  std::int64_t entries() const { return retained_ + staged_; }
  /// Rotary positions of all entries, retained then staged: strictly increasing.
  std::span<const std::int64_t> positions() const { return positions_; }
  /// The stretch of `head` that holds entry `first`, from that entry on: at most to entry `end`. A layer's entries make
  /// one or two stretches, and the staged ones another; call again with first + count until end.
  Stretch stretch(int head, std::int64_t first, std::int64_t end) const noexcept;

 private:
  friend class Cache;
  const class Cache* cache_ = nullptr;
  int layer_ = 0;
  std::int64_t retained_ = 0;
  std::int64_t staged_ = 0;
  std::span<const std::int64_t> positions_;
};

struct LayerStats {
  std::int64_t quota = 0;     ///< entries this layer may keep
  std::int64_t used = 0;      ///< entries it keeps
  /// Entries dropped since the session began or was cleared, to fit the quota or the context. Entries that slid out
  /// of a layer's window are not counted: no later token could have seen them.
  std::int64_t evicted = 0;
};

/// One thread at a time. Everything is deterministic.
class Cache {
 public:
  /// `memory` is exactly plan.budget_bytes, 64-byte aligned, and outlives the cache. Bookkeeping that is not per
  /// entry (a few hundred bytes a layer) is ordinary memory, allocated here and never again; entries,
  /// their metadata and the staging buffer are in `memory`. Errors: invalid_argument for other memory; internal for a
  /// plan whose parts do not fit in its own budget, as make_plan never makes one. `delimiters` has a byte for each
  /// token id (document.hpp), is the model's and outlives the cache too; without it no token ends anything.
  static Result<Cache> create(Plan plan, std::span<std::byte> memory, const KeyRotation* rotation,
                              std::span<const std::uint8_t> delimiters = {});

  const Plan& plan() const { return plan_; }
  Needs needs() const;

  /// Starts a chunk of 1 ≤ n ≤ plan().chunk tokens; not while stale or between begin and end. Returns the position of
  /// its first token. When the chunk would pass the context, survivors move to contiguous positions: sinks keep
  /// theirs, the rest end where the fullest layer ends. A layer that holds more than the context less n, or less an
  /// eighth, first drops its oldest entries after the sinks.
  /// `ids` are looked at where entries are grouped into blocks: the text is cut by them.
  std::int64_t begin(std::int64_t n, std::span<const std::int32_t> ids = {}) noexcept;
  /// keys[t][head][key_size] and values[t][head][value_size] of the chunk's n tokens, floats, rotated.
  void stage(int layer, const TokenRows& rows) noexcept;
  /// The same for rows that lie side by side.
  void stage(int layer, const float* keys, const float* values) noexcept {
    const LayerShape& own = shape(layer);
    stage(layer, {keys, values, std::int64_t{own.kv_heads} * own.key_size, std::int64_t{own.kv_heads} * own.value_size});
  }
  View view(int layer) const noexcept;
  /// Adds the attention received from `queries` queries to every entry of the view, in view order (retained then staged).
  /// What the entries had is kept as needs().mass_kept says.
  void add_mass(int layer, std::span<const float> mass, std::int64_t queries) noexcept;
  /// The statistic of this layer that needs() asks for, measured in this chunk; after stage, before end. Only in chunks of
  /// at least kStatisticQueries tokens, and then for every layer. Counts when the chunk ends; ignored where quotas stay.
  void observe(int layer, double statistic) noexcept;
  void commit(int layer) noexcept;
  void end() noexcept;

  /// Starts a chunk of 1 ≤ n ≤ draft_room() tokens of which only the first is certain. After end() the first is part of
  /// the past, and the layers are what a chunk of that one token would have made of them: scores and evictions have
  /// seen no other. The rest wait in staging until they are accepted, one after another, or forgotten: by begin,
  /// begin_drafts, clear, or a truncate that goes back.
  std::int64_t begin_drafts(std::int64_t n, std::span<const std::int32_t> ids = {}) noexcept;
  /// Takes in the next waiting token. Nothing happens when none is left.
  void accept_draft() noexcept;
  std::int64_t drafts_left() const { return drafts_ - accepted_; }
  /// Most tokens a chunk of drafts may have now, so that each of them sees exactly what it would see alone: no layer
  /// evicts before the last of them or loses the entry before a gap, positions need not be rebased, and each layer's
  /// part of the staging buffer holds them. 1: no guess may be tried now — always so where attention masses decide
  /// about evictions, and where a lone token reads sparsely.
  std::int64_t draft_room() const noexcept;

  /// Gives up a chunk between begin and end. Entries that committed layers took from it are taken back. Where a layer
  /// had to drop older ones for them that cannot be: the cache is stale then, until clear().
  void abandon() noexcept;
  bool stale() const { return stale_; }

  void clear() noexcept;
  /// Everything the cache holds, for saved sessions (cache_state.cpp). Outside a chunk, and not while stale. Guesses that
  /// wait in staging are left out: they are read again. The pieces stay valid until the next non-const call.
  void save(StateWriter& state) const;
  /// Takes over such a state, of a cache with the same plan. Every number is checked before it counts; memory outside this
  /// cache is never touched, whatever the state says. Errors: those of the reader; the cache is empty then.
  Status restore(StateReader& state);

  /// Forgets the last tokens so that `count` tokens remain of the whole input. False when that cannot be exact, or
  /// inside a chunk: an entry that would still be needed was evicted or slid out of a window, positions were rebased
  /// since, or masses that decide about evictions have already taken in the forgotten tokens. Nothing is changed
  /// then; re-read instead. Going back to 0 tokens is clear(), and always works.
  bool truncate(std::int64_t count) noexcept;

  std::int64_t tokens() const { return tokens_; }           ///< tokens read since clear()
  std::int64_t next_position() const { return position_; }  ///< ≤ context
  std::int64_t evicted() const;                             ///< over all layers
  std::int64_t rebased() const { return rebased_; }         ///< how often positions were rebased
  LayerStats layer(int index) const;
  /// The blocks that a layer's retained entries make, oldest first; the last one is still open. Empty where nobody
  /// asked.
  std::span<const Block> blocks(int layer) const { return at(layer).store.blocks(); }
  /// Where the layer has them: the boxes around the keys of each block but the last, of one head, side by side in f16
  /// (LayerStore::block_box); null else.
  const std::byte* block_boxes(int layer, int head) const {
    return at(layer).store.has_block_boxes() ? at(layer).store.block_box(head, 0) : nullptr;
  }
  const Document& document() const { return document_; }
  /// Bytes in use now: granules in use, their metadata, and the staging buffer. ≤ plan().budget_bytes.
  std::int64_t bytes_used() const;
  /// The largest bytes_used() ever seen, staging included.
  std::int64_t bytes_peak() const { return peak_; }

 private:
  friend class View;

  /// What the cache knows of a layer beside its entries.
  struct Layer {
    LayerStore store;
    std::int64_t quota;
    Forced forced;
    bool slides;
    std::int64_t evicted = 0;
    std::int64_t evicted_at = 0;  ///< tokens read when an entry was last evicted, its chunk included
    std::int64_t slid_to = 0;     ///< positions below this one have slid out of the window
  };

  Cache() = default;
  const LayerShape& shape(int layer) const { return plan_.shape.layers[static_cast<std::size_t>(layer)]; }
  Layer& at(int layer) { return layers_[static_cast<std::size_t>(layer)]; }
  const Layer& at(int layer) const { return layers_[static_cast<std::size_t>(layer)]; }
  std::int64_t start_chunk(std::int64_t n, std::span<const std::int32_t> ids) noexcept;
  void rebase_all(std::int64_t n) noexcept;
  void drop_after_sinks(int layer, std::int64_t keep) noexcept;
  std::int64_t gap_in_front(const Layer& layer) const noexcept;
  void select_staging(int layer) noexcept;
  void place_positions(const LayerStore& store) noexcept;
  std::span<const std::int64_t> staged_positions(const Layer& layer) const noexcept;
  void take_in(int layer) noexcept;
  void evict(int layer, std::int64_t first, std::int64_t keep) noexcept;
  void append_staged(Layer& layer, std::int64_t token) noexcept;
  // Going back (rewind.cpp).
  bool can_return_to(std::int64_t count, std::int64_t position) const noexcept;
  void return_to(std::int64_t count, std::int64_t position) noexcept;
  // Entries that belong together (grouping.cpp).
  std::span<Block> list_blocks(const Layer& layer) noexcept;
  void cut_open_block(const Layer& layer, std::size_t& count) noexcept;
  void store_blocks(Layer& layer, int number, std::span<const Block> blocks) noexcept;
  void enclose_keys(const Layer& layer, int number, std::size_t block, std::int64_t first) noexcept;
  void renew_block_boxes(Layer& layer, int number) noexcept;
  void learn_delimiters(const Layer& layer, std::span<const float> mass, std::int64_t queries) noexcept;
  // Saved sessions (cache_state.cpp).
  Status restore_counts(StateReader& state);
  Status restore_sizes(StateReader& state);
  Status restore_entries(StateReader& state, int number);
  // Quotas that move (rebalance.cpp).
  void set_quota(std::size_t layer, std::int64_t slots) noexcept;
  void prepare_moves();
  bool under_pressure() const noexcept;
  void rebalance() noexcept;
  void choose_slots() noexcept;
  void move_to_slots() noexcept;
  void restore_quotas() noexcept;
  void fill_norms(const LayerShape& layer, const TokenRows& rows) noexcept;
  // Whether what is gathered beside an entry's vectors can ever decide what is evicted: not where everything fits.
  bool mass_decides() const { return plan_.needs.attention_mass() && plan_.budget_bytes < plan_.full_bytes; }
  bool notes_decide() const {
    return mass_decides() || (plan_.needs.norm != EntryNorm::none && plan_.budget_bytes < plan_.full_bytes);
  }

  Plan plan_;
  const KeyRotation* rotation_ = nullptr;
  const kernels::Table* table_ = nullptr;
  std::vector<Layer> layers_;
  MemoryMap layer_memory_{{}};     ///< for the layers' runs, none taken yet
  std::int64_t layer_bytes_ = 0;   ///< for all runs together
  // What moving quotas works in, one per layer; empty where they stay.
  std::vector<LayerStore*> stores_;
  std::vector<LayerRun> runs_;
  std::vector<double> measured_, seen_, shares_;  ///< the statistic in this chunk; smoothed over chunks
  std::vector<std::int64_t> wanted_, slots_;
  Staging staging_;
  Scratch scratch_;
  Document document_;              ///< does nothing where nobody asked for blocks
  std::int64_t fixed_bytes_ = 0;   ///< staging and scratch
  std::int64_t stored_bytes_ = 0;  ///< Σ of the layers' bytes_used()
  std::int64_t peak_ = 0;

  std::int64_t tokens_ = 0;
  std::int64_t position_ = 0;
  std::int64_t rebased_ = 0;
  std::int64_t rebased_at_ = 0;    ///< tokens read when positions were last rebased, that chunk included
  std::int64_t chunk_ = 0;         ///< tokens of the chunk between begin and end; 0 outside
  bool drafting_ = false;          ///< between begin_drafts and end
  std::int64_t drafts_ = 0;        ///< tokens of the last chunk of drafts that lie in staging; 0: none
  std::int64_t accepted_ = 0;      ///< how many of them were taken in
  std::int64_t staging_part_ = 0;  ///< bytes of a layer's part of the staging buffer
  std::int64_t draft_tokens_ = 0;  ///< most tokens for which every layer has a part of the staging buffer
  bool mass_added_ = false;        ///< in this chunk
  bool observed_ = false;          ///< in this chunk: measured_ is of it
  std::int64_t observations_ = 0;  ///< chunks observed
  std::int64_t moved_at_ = 0;      ///< tokens read when quotas last moved
  int staged_layer_ = -1;          ///< the layer in the staging buffer; −1: none
  bool stale_ = false;
};

/// Reads what a saved cache begins with. Errors: bad_file where it was not saved under this plan. Cache::restore begins with it;
/// asked before a cache is made, it keeps a file from having memory booked that the file does not go with.
Status check_plan(const Plan& plan, StateReader& state);

}  // namespace brim::kv
