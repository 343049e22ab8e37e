// The KV memory of one sequence: what happens to a chunk of tokens on its way into the streams. It holds exactly
// Plan::budget_bytes of memory that the sequence's arena gave it, and moves entries inside them; it never allocates.
//
// Its components, each in a file: layout (where things lie), streams (what each holds), intake with staging (how a
// chunk's entries get into a stream, and which are evicted), drafts (tokens that may be refused), block_index with
// document (entries that belong together), quota_mover (quotas that move between streams), states (layers whose memory
// has a fixed size, with checkpoints), windows (entries in checkpoints), anchors (what distinct keys differ from), looks
// (texts that are processed twice), snapshot (saved sessions). This file is the order of their steps.
//
//   Chunk chunk = memory.begin(n, ids);        makes room in position space; may rebase kept entries
//   chunk.compare_keys(stream, rows);          only if the plan compares its keys: before they are rotated
//   chunk.score(stream, rows);                 only if the plan scores its entries
//   chunk.stage(stream, rows);                 for each stream, when attention gets to it
//   chunk.view(stream);                        what attention may read
//   chunk.add_attention(…), chunk.observe(…);  only if needs() requests it
//   chunk.learn(stream, token, attention);     for the tokens that it observes
//   chunk.commit(stream);                      evicts down to the stream's quota
//   chunk.show(stream); … chunk.commit(stream);  for each later layer that attends to a stream which is held
//   chunk.end();                               once
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "engine/base/result.hpp"
#include "engine/base/state.hpp"
#include "engine/kv/anchors.hpp"
#include "engine/kv/block_index.hpp"
#include "engine/kv/chunk.hpp"
#include "engine/kv/drafts.hpp"
#include "engine/kv/intake.hpp"
#include "engine/kv/looks.hpp"
#include "engine/kv/plan.hpp"
#include "engine/kv/quota_mover.hpp"
#include "engine/kv/states.hpp"
#include "engine/kv/streams.hpp"
#include "engine/kv/timeline.hpp"
#include "engine/kv/windows.hpp"

namespace brim::kv {

/// Rotates stored keys again when positions are rebased: by −delta positions (delta may be negative: where other
/// streams kept more entries, a kept entry moves up), or not at all on layers without rope. Implemented by the model,
/// which knows its frequencies (without magnitude scaling, which keys already contain).
class KeyRotation {
 public:
  virtual ~KeyRotation() = default;
  /// keys[count][key_size] of one layer: `count` keys that move together, so that their angles are computed once.
  virtual void rotate_back(LayerId layer, float* keys, std::int64_t count, std::int64_t delta) const noexcept = 0;
};

struct StreamStats {
  std::int64_t quota = 0;  ///< entries this stream may keep
  std::int64_t used = 0;   ///< entries it keeps
  /// Entries evicted since the memory was cleared, to fit the quota or the context. Entries that slid out of a window
  /// are not counted: no later token could have seen them.
  std::int64_t evicted = 0;
};

/// One thread at a time. Everything is deterministic.
class Memory {
 public:
  /// `bytes` is exactly plan.budget_bytes, 64-byte aligned, and outlives this object. Bookkeeping that is not per entry
  /// (a few hundred bytes per stream) is ordinary memory, allocated here and never again; entries, their metadata and
  /// the staging buffer are in `bytes`. Errors: invalid_argument for other memory; internal for a plan whose parts do
  /// not fit in its own budget, which make_plan never creates. The table of kernels outlives this object. `delimiters`
  /// has one byte per token id (document.hpp), belongs to the model and outlives this object too; without it no token
  /// ends anything.
  static Result<std::unique_ptr<Memory>> create(Plan plan, std::span<std::byte> bytes, const kernels::Table& table,
                                                const KeyRotation* rotation,
                                                std::span<const std::uint8_t> delimiters = {});
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  const Plan& plan() const { return plan_; }
  const Needs& needs() const { return plan_.needs; }

  /// Starts a chunk of 1 ≤ n ≤ plan().chunk tokens; not while stale or while another chunk is open. When the chunk
  /// would pass the context, kept entries move to contiguous positions: sinks keep theirs, the rest end where the
  /// fullest stream ends. A stream that holds more than the context less n, or less an eighth, first evicts its oldest
  /// entries behind the sinks. `ids` are used where entries are grouped into blocks: they decide where the text is cut.
  [[nodiscard]] Chunk begin(std::int64_t n, std::span<const std::int32_t> ids = {}) noexcept;
  /// Starts a chunk of 1 ≤ n ≤ draft_room() tokens of which only the first is certain. After end() the first is part of
  /// the past, and the streams are exactly what a chunk of that one token would have made of them: scores and evictions
  /// have seen only that token. The rest wait in staging until they are accepted, one after another, or dropped: by
  /// begin, begin_drafts, clear, or a truncate that goes back. Layers' states are those behind the last draft, so with
  /// states the memory is stale until all are accepted, and dropping some means going back to before the chunk.
  [[nodiscard]] Chunk begin_drafts(std::int64_t n, std::span<const std::int32_t> ids = {}) noexcept;
  /// Takes in the next waiting draft. Nothing happens when none is left, or while a chunk is open.
  void accept_draft() noexcept;
  std::int64_t drafts_left() const { return drafts_.left(); }
  /// Max number of tokens that a chunk of drafts may have now (Drafts::room); 1 while stale.
  std::int64_t draft_room() const noexcept;

  /// In how many streams looks at pieces of `piece` tokens would decide about entries: something is evicted, the plan
  /// keeps a measure with each entry, no layer has a state, and the stream's quota holds kLookPieces pieces.
  std::size_t looked_streams(std::int64_t piece) const noexcept;
  /// A text begins that is looked at: of each piece, make_room, the piece in one chunk, and a look. Nothing changes where
  /// looks would not decide anything.
  void begin_looks(std::int64_t piece) noexcept;
  /// Evicts by the entries' measures alone, in streams where looks decide, until a piece of n tokens fits.
  void make_room(std::int64_t n) noexcept;
  /// Starts a chunk of n tokens that look at the newest `tokens` tokens and do not become part of the past, however it
  /// ends. Not while stale or while a chunk is open.
  [[nodiscard]] Chunk begin_look(std::int64_t n, std::int64_t tokens) noexcept;
  /// The rule decides again about all entries.
  void end_looks() noexcept { looks_ = {}; }

  /// Whether an interrupted chunk, or drafts that wait, have left something that does not belong to the text: call
  /// clear(), or truncate() to return_point(), first.
  bool stale() const { return streams_stale_ || states_stale_ || (states_.any() && drafts_.left() > 0); }
  void clear() noexcept;
  /// Drops the last tokens so that `count` tokens remain of the whole input. False when that cannot be exact, or while
  /// a chunk is open: an entry that would still be needed was evicted, or slid out of a window and no checkpoint is
  /// there, positions were rebased since, or attention that decides about evictions has already counted the dropped
  /// tokens. Nothing is changed then; process the tokens again instead. Going back to 0 tokens is clear(), and always
  /// works. Where layers have states, or keys are compared, it can only go back to a checkpoint.
  bool truncate(std::int64_t count) noexcept;
  /// The max number of tokens, at most `count`, that truncate() can go back to now; 0: only to the beginning.
  std::int64_t return_point(std::int64_t count) const noexcept;
  /// Makes this a place from which the text can be continued again: a checkpoint of the layers' states and of the
  /// entries of layers with a window, as the budget allows. Not in a chunk, and not while stale.
  void keep_checkpoint() noexcept;
  /// The next chunk ends what is processed at once, as a prompt: where keys are compared, the text can be continued
  /// again from before its last token. With states as well, only from where keep_checkpoint() was called. Not in a
  /// chunk.
  void expect_checkpoint() noexcept;

  /// Everything that this object holds, for saved sessions. Outside a chunk, and not while stale. Drafts that wait in
  /// staging are left out: they are processed again. The pieces stay valid until the next non-const call.
  void save(StateWriter& state) const;
  /// Takes over a state that save() wrote, of a memory with the same plan. Every number is checked before it is used;
  /// nothing outside is ever touched, whatever the state says. Errors: those of the state reader; this object is empty
  /// then.
  Status restore(StateReader& state);

  /// Places that a text can be continued from although states or windows were there, oldest first.
  const CheckpointList& checkpoints() const { return states_.checkpoints(); }
  std::int64_t tokens() const { return time_.tokens; }           ///< processed since clear()
  std::int64_t next_position() const { return time_.position; }  ///< ≤ context
  std::int64_t rebased() const { return time_.rebased; }         ///< how often positions were rebased
  std::int64_t evicted() const { return streams_.evicted(); }    ///< over all streams
  /// Needs::statistic of each stream, as the newest chunk that was observed measured it (QuotaMover::measured).
  std::span<const double> measured() const { return quotas_.measured(); }
  /// How many of the tokens [first, end) of the whole input a stream still has entries of.
  std::int64_t kept(StreamId stream, std::int64_t first, std::int64_t end) const noexcept;
  StreamStats stats(StreamId stream) const;
  /// What a stream holds, and in a chunk what is staged for it.
  View view(StreamId stream) const noexcept;
  /// The blocks that a stream's retained entries form, oldest first; the last one is still open. Empty where blocks are
  /// not requested.
  std::span<const Block> blocks(StreamId stream) const { return streams_.at(stream).store.blocks(); }
  /// Where the stream has them: the boxes around the keys of each block but the last, of one head, side by side in f16
  /// (StreamStore::block_box); otherwise null.
  const std::byte* block_boxes(StreamId stream, int head) const {
    const StreamStore& store = streams_.at(stream).store;
    return store.has_block_boxes() ? store.block_box(head, 0) : nullptr;
  }
  const Document& document() const { return blocks_.document(); }
  /// Bytes in use now: granules in use, their metadata, and the staging buffer. ≤ plan().budget_bytes.
  std::int64_t bytes_used() const { return streams_.bytes_used(); }
  /// The largest bytes_used() ever seen, staging included.
  std::int64_t bytes_peak() const { return streams_.bytes_peak(); }

 private:
  friend class Chunk;

  Memory(Plan plan, std::span<std::byte> bytes, std::int64_t fixed_bytes, const kernels::Table& table,
         const KeyRotation* rotation, std::span<const std::uint8_t> delimiters);

  void start(std::int64_t n, std::span<const std::int32_t> ids) noexcept;
  void take_in_draft() noexcept;
  void rebase_all(std::int64_t n) noexcept;
  bool can_return_to(std::int64_t count, std::int64_t position) const noexcept;
  bool can_truncate_entries(std::int64_t count) const noexcept;
  void return_to(std::int64_t count, std::int64_t position) noexcept;
  std::int64_t kept_place(std::int64_t count) const noexcept;
  std::optional<std::size_t> window_copy(std::int64_t count) const noexcept;
  // The open chunk's steps (chunk.hpp).
  std::span<std::byte> state(LayerId layer) noexcept;
  void compare_keys(StreamId stream, const KeyRows& rows) noexcept;
  void score(StreamId stream, const ScoreRows& rows) noexcept;
  void stage(StreamId stream, const TokenRows& rows) noexcept;
  void show(StreamId stream) noexcept;
  void add_attention(StreamId stream, std::span<const float> accumulated, std::int64_t queries) noexcept;
  bool observes(std::int64_t token) const noexcept;
  void learn(StreamId stream, std::int64_t token, std::span<const float> attention) noexcept;
  void commit(StreamId stream) noexcept;
  void take_in_held() noexcept;
  void end_chunk() noexcept;
  void abandon_chunk() noexcept;
  LookedAt looked_at(StreamId stream) const noexcept;
  void keep_look(StreamId stream, const ScoreRows& rows) noexcept;

  const Plan plan_;
  const KeyRotation* const rotation_;
  const kernels::Table& table_;
  MemoryMap map_;  // the following members take from it, in their order
  Staging staging_;
  const Scratch scratch_;
  States states_;
  Windows windows_;
  Anchors anchors_;
  Timeline time_;
  Streams streams_;
  BlockIndex blocks_;
  Looks looks_;
  Intake intake_;
  Drafts drafts_;
  QuotaMover quotas_;

  struct OpenChunk {
    TokenSpan tokens;
    bool drafting = false;  // only its first token is certain
    bool attention_added = false;
    bool states_changed = false;
    std::int64_t looks_at = 0;         // the newest tokens, which it only looks at; 0: an ordinary chunk
    std::optional<StreamId> staged{};  // the stream between stage or show and commit
    bool shown = false;                // show began it: a later layer attends
  };
  std::optional<OpenChunk> chunk_;
  bool streams_stale_ = false;
  bool states_stale_ = false;
};

}  // namespace brim::kv
