// See memory.hpp.
#include "engine/kv/memory.hpp"

#include <algorithm>
#include <utility>

#include "engine/kv/rebase.hpp"
#include "engine/kv/saturate.hpp"
#include "engine/kv/snapshot.hpp"

namespace brim::kv {

Result<std::unique_ptr<Memory>> Memory::create(Plan plan, std::span<std::byte> bytes, const kernels::Table& table,
                                               const KeyRotation* rotation, std::span<const std::uint8_t> delimiters) {
  if (static_cast<std::int64_t>(bytes.size()) < plan.budget_bytes ||
      reinterpret_cast<std::uintptr_t>(bytes.data()) % 64 != 0) {
    return error(ErrorCode::invalid_argument, "KV cache: expected ", plan.budget_bytes,
                 " bytes at a multiple of 64, found ", bytes.size());
  }
  const Shape& shape = plan.shape;
  if (!plan.rule || plan.quota.size() != shape.layers.size()) {
    return error(ErrorCode::internal, "KV cache: the plan has no rule or no quota for each layer");
  }
  std::int64_t needed = 0;
  bool within = true;
  for (std::size_t i = 0; i < shape.layers.size(); ++i) {
    const std::int64_t slots = round_up(plan.quota[i], kGranuleEntries);
    needed = plus(needed, times(slots, entry_bytes(shape.layers[i], plan.needs)));
    within = within && slots <= plan.max_entries;
  }
  const std::int64_t fixed =
      plus(plus(staging_bytes(shape, plan.chunk), scratch_bytes(shape, plan.needs, plan.max_entries, plan.chunk)),
           plus(times(state_bytes(shape), plan.state_copies()), times(plan.window_bytes, plan.checkpoints)));
  if (plus(needed, fixed) > plan.budget_bytes || !within) {
    return error(ErrorCode::internal, "KV cache: the plan's parts are ", plus(needed, fixed),
                 " bytes, more than its budget of ", plan.budget_bytes);
  }
  return std::unique_ptr<Memory>(new Memory(std::move(plan), bytes, fixed, table, rotation, delimiters));
}

Memory::Memory(Plan plan, std::span<std::byte> bytes, std::int64_t fixed_bytes, const kernels::Table& table,
               const KeyRotation* rotation, std::span<const std::uint8_t> delimiters)
    : plan_(std::move(plan)),
      rotation_(rotation),
      table_(table),
      map_(bytes),
      staging_(map_.staging(plan_.shape, plan_.chunk)),
      scratch_(map_.scratch(plan_.shape, plan_.needs, plan_.max_entries, plan_.chunk)),
      states_(plan_, map_),
      windows_(plan_, map_),
      anchors_(plan_, scratch_.anchors),
      streams_(plan_, map_, fixed_bytes),
      blocks_(plan_, scratch_, table_, delimiters),
      intake_(plan_, table_, scratch_, staging_, streams_, blocks_, looks_),
      drafts_(plan_),
      quotas_(plan_, streams_, intake_, map_, plan_.budget_bytes - fixed_bytes) {}

Chunk Memory::begin(std::int64_t n, std::span<const std::int32_t> ids) noexcept {
  start(n, ids);
  blocks_.begin_chunk(time_.tokens + n);
  anchors_.begin_chunk(chunk_->tokens);
  return Chunk(*this);
}

Chunk Memory::begin_drafts(std::int64_t n, std::span<const std::int32_t> ids) noexcept {
  start(n, ids);
  chunk_->drafting = n > 1 || (drafts_.takes_single_token() && !states_.any());
  if (chunk_->drafting) {
    drafts_.begin(n);
    states_.keep_for_drafts(time_.tokens);
  } else {
    blocks_.begin_chunk(time_.tokens + n);
    anchors_.begin_chunk(chunk_->tokens);
  }
  return Chunk(*this);
}

void Memory::start(std::int64_t n, std::span<const std::int32_t> ids) noexcept {
  if (time_.position + n > plan_.shape.context) rebase_all(n);
  chunk_.emplace(OpenChunk{{time_.tokens, time_.position, n, 0}});
  drafts_.clear();
  quotas_.begin_chunk();
  blocks_.document().write(time_.tokens, n, ids);
  intake_.begin(chunk_->tokens);
}

std::span<std::byte> Memory::state(LayerId layer) noexcept {
  chunk_->states_changed = true;
  return states_.at(layer);
}

void Memory::keep_checkpoint() noexcept {
  if (chunk_ || stale()) return;
  if (const std::optional<std::size_t> slot = states_.keep(time_.tokens)) windows_.keep(*slot, streams_);
  if (states_.any() || windows_.any()) anchors_.keep(time_.tokens);
}

void Memory::expect_checkpoint() noexcept {
  if (!chunk_ && !states_.any()) anchors_.expect_end();
}

void Memory::compare_keys(StreamId stream, const KeyRows& rows) noexcept {
  if (!plan_.compares_keys(stream) || chunk_->looks_at > 0) return;
  if (!chunk_->drafting) {
    anchors_.compare(stream, rows, scratch_.measure + scratch_.slots);
    return;
  }
  // Each draft's keys are compared when it is accepted.
  const std::int64_t floats = float_key_bytes(plan_.shape.at(stream)) / static_cast<std::int64_t>(sizeof(float));
  float* kept = staging_.floats(drafts_.measure_place(stream, 0));
  for (std::int64_t token = 0; token < chunk_->tokens.count; ++token, kept += floats) {
    std::copy_n(rows.keys + token * rows.stride, floats, kept);
  }
}

void Memory::score(StreamId stream, const ScoreRows& rows) noexcept {
  if (!plan_.scores_entries(stream) || chunk_->looks_at > 0) return;
  float* means = scratch_.measure + scratch_.slots;
  if (chunk_->drafting) means = staging_.floats(drafts_.measure_place(stream, 0));  // until each is accepted
  write_means(rows, plan_.shape.at(stream).kv_heads, chunk_->tokens.count, means);
}

void Memory::stage(StreamId stream, const TokenRows& rows) noexcept {
  intake_.stage(streams_.at(stream), rows, chunk_->tokens, drafts_.place(stream));
  chunk_->staged = stream;
  chunk_->shown = false;
}

void Memory::show(StreamId stream) noexcept {
  if (!plan_.shape.at(stream).held) return;
  intake_.show(streams_.at(stream), chunk_->tokens, drafts_.place(stream), !chunk_->drafting);
  chunk_->staged = stream;
  chunk_->shown = true;
}

View Memory::view(StreamId stream) const noexcept {
  const Stream& own = streams_.at(stream);
  return chunk_ && chunk_->staged == stream ? intake_.view(own, chunk_->tokens) : intake_.view(own);
}

void Memory::add_attention(StreamId stream, std::span<const float> accumulated, std::int64_t queries) noexcept {
  if (!scratch_.accumulated) return;
  chunk_->attention_added = true;
  // Queries of the same tokens in a later layer: what had been received before them is multiplied only once.
  intake_.add_attention(streams_.at(stream), accumulated, chunk_->shown ? 0 : queries);
}

bool Memory::observes(std::int64_t token) const noexcept {
  return plan_.learns_delimiters() && blocks_.document().observes(chunk_->tokens.tokens + token);
}

void Memory::learn(StreamId stream, std::int64_t token, std::span<const float> attention) noexcept {
  if (observes(token)) blocks_.learn(streams_.at(stream), chunk_->tokens, token, attention);
}

void Memory::commit(StreamId stream) noexcept {
  if (chunk_->staged != stream) return;
  if (!chunk_->drafting && chunk_->looks_at == 0) {
    if (plan_.shape.at(stream).held) {
      intake_.hold(streams_.at(stream), chunk_->tokens);
    } else {
      intake_.take_in(streams_.at(stream), chunk_->tokens);
    }
  }
  chunk_->staged.reset();
}

void Memory::take_in_held() noexcept {
  for (Stream& stream : streams_) {
    if (!stream.shape.held) continue;
    intake_.show(stream, chunk_->tokens, drafts_.place(stream.id), true);
    intake_.take_in(stream, chunk_->tokens);
  }
}

void Memory::end_chunk() noexcept {
  const OpenChunk chunk = *chunk_;
  if (!chunk.drafting && chunk.looks_at == 0) take_in_held();
  chunk_.reset();
  if (chunk.looks_at > 0) {
    looks_.fresh = time_.tokens;
    return;
  }
  if (chunk.drafting) return take_in_draft();
  anchors_.end_chunk();
  time_.advance(chunk.tokens.count);
  blocks_.end_chunk(time_.tokens, streams_);
  quotas_.end_chunk(time_);
}

void Memory::accept_draft() noexcept {
  if (drafts_.left() > 0 && !chunk_) take_in_draft();
}

void Memory::take_in_draft() noexcept {
  const TokenSpan draft{time_.tokens, time_.position, 1, drafts_.accepted()};
  intake_.begin(draft);
  blocks_.begin_chunk(draft.end());
  anchors_.begin_chunk(draft);
  for (Stream& stream : streams_) {
    const std::int64_t place = drafts_.measure_place(stream.id, drafts_.accepted());
    if (plan_.compares_keys(stream.id)) {
      anchors_.compare(stream.id, {staging_.floats(place), 0}, scratch_.measure + scratch_.slots);
    } else if (plan_.scores_entries(stream.id)) {
      scratch_.measure[scratch_.slots] = *staging_.floats(place);
    }
    intake_.take_in_draft(stream, draft, drafts_.place(stream.id));
  }
  anchors_.end_chunk();
  drafts_.accept();
  time_.advance(1);
  blocks_.end_chunk(time_.tokens, streams_);
  quotas_.end_chunk(time_);
}

void Memory::rebase_all(std::int64_t n) noexcept {
  const std::int64_t context = plan_.shape.context;
  const std::int64_t room = context - std::max(n, context / 8);
  std::int64_t end = 0;
  for (Stream& stream : streams_) {
    if (stream.store.used() > room) intake_.drop_after_sinks(stream, room);
    end = std::max(end, stream.store.used());
  }
  const RebaseTools tools{table_, rotation_, scratch_.keys};
  for (Stream& stream : streams_) {
    intake_.drop_worn(stream, end);
    rebase(stream, end, tools);
    blocks_.renew_boxes(stream);
    stream.slid_to = 0;
  }
  time_.position = end;
  time_.rebased_at = time_.tokens + n;
  ++time_.rebased;
}

void Memory::clear() noexcept {
  streams_.clear();
  blocks_.document().clear();
  quotas_.restore();
  states_.clear();
  anchors_.clear();
  drafts_.clear();
  time_ = {};
  chunk_.reset();
  looks_ = {};
  streams_stale_ = states_stale_ = false;
}

StreamStats Memory::stats(StreamId stream) const {
  const Stream& own = streams_.at(stream);
  return {own.quota, own.store.used(), own.evicted};
}

void Memory::save(StateWriter& state) const {
  save_memory({plan_, time_, streams_, blocks_.document(), quotas_}, state);
  states_.save(state);
  windows_.save(states_.checkpoints(), state);
  anchors_.save(state);
}

Status Memory::restore(StateReader& state) {
  BRIM_TRY(check_plan(plan_, state));
  clear();
  const std::int64_t peak = streams_.bytes_peak();
  Status status = restore_memory({plan_, time_, streams_, blocks_.document(), quotas_}, state);
  if (status) status = states_.restore(state, time_.tokens);
  if (status) status = windows_.restore(states_.checkpoints(), time_, state);
  if (status) status = anchors_.restore(state, time_.tokens);
  if (!status) {
    // Slots may be laid out already and entries not: nothing is kept, so nothing has to be moved.
    clear();
    streams_.set_peak(peak);
  }
  return status;
}

}  // namespace brim::kv
