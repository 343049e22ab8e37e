// See cache.hpp.
#include "engine/kv/cache.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "engine/kv/rebase.hpp"
#include "engine/kv/saturate.hpp"
#include "kernels/dispatch.hpp"

namespace brim::kv {

Result<Cache> Cache::create(Plan plan, std::span<std::byte> memory, const KeyRotation* rotation,
                            std::span<const std::uint8_t> delimiters) {
  if (static_cast<std::int64_t>(memory.size()) < plan.budget_bytes ||
      reinterpret_cast<std::uintptr_t>(memory.data()) % 64 != 0) {
    return error(ErrorCode::invalid_argument, "KV cache: expected ", plan.budget_bytes,
                 " bytes at a multiple of 64, found ", memory.size());
  }
  const Shape& shape = plan.shape;
  if (!plan.rule || plan.quota.size() != shape.layers.size()) {
    return error(ErrorCode::internal, "KV cache: the plan has no rule or no quota for each layer");
  }
  std::int64_t needed = 0;
  bool within = true;
  for (std::size_t i = 0; i < shape.layers.size(); ++i) {
    const std::int64_t own = round_up(plan.quota[i], kGranuleEntries);
    needed = plus(needed, times(own, entry_bytes(shape.layers[i], plan.needs)));
    within = within && own <= plan.most_entries;
  }
  const std::int64_t fixed =
      plus(staging_bytes(shape, plan.chunk), scratch_bytes(shape, plan.needs, plan.most_entries, plan.chunk));
  if (plus(needed, fixed) > plan.budget_bytes || !within) {
    return error(ErrorCode::internal, "KV cache: the plan's parts are ", plus(needed, fixed),
                 " bytes, more than its budget of ", plan.budget_bytes);
  }
  Cache cache;
  cache.rotation_ = rotation;
  cache.table_ = &kernels::active();

  MemoryMap map(memory);
  cache.staging_ = Staging(map.staging(shape, plan.chunk));
  cache.staging_part_ = staging_part_bytes(shape, plan.chunk);
  cache.draft_tokens_ = draft_tokens(shape, plan.chunk);
  cache.scratch_ = map.scratch(shape, plan.needs, plan.most_entries, plan.chunk);
  if (plan.needs.block_size > 0) cache.document_ = Document(cache.scratch_.document, plan.needs.block_size, delimiters);
  cache.layer_memory_ = map;
  cache.layer_bytes_ = plan.budget_bytes - fixed;
  const std::size_t count = shape.layers.size();
  cache.layers_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const LayerRun run = map.layer(shape.layers[i], plan.needs, plan.quota[i]);
    cache.layers_.push_back({LayerStore(shape.layers[i], run), 0, {}, kv::slides(shape.layers[i], shape.context)});
  }
  cache.fixed_bytes_ = fixed;
  cache.peak_ = fixed;
  cache.plan_ = std::move(plan);
  for (std::size_t i = 0; i < count; ++i) cache.set_quota(i, cache.plan_.quota[i]);
  if (cache.plan_.quotas_move()) cache.prepare_moves();
  return cache;
}

std::int64_t Cache::begin(std::int64_t n, std::span<const std::int32_t> ids) noexcept {
  start_chunk(n, ids);
  document_.advance(tokens_ + n);
  return position_;
}

std::int64_t Cache::start_chunk(std::int64_t n, std::span<const std::int32_t> ids) noexcept {
  if (position_ + n > plan_.shape.context) rebase_all(n);
  chunk_ = n;
  drafting_ = false;
  drafts_ = accepted_ = 0;
  staged_layer_ = -1;
  mass_added_ = observed_ = false;
  document_.write(tokens_, n, ids);
  std::iota(scratch_.positions + scratch_.slots, scratch_.positions + scratch_.slots + n, position_);
  std::iota(scratch_.index + scratch_.slots, scratch_.index + scratch_.slots + n, tokens_);
  return position_;
}

std::int64_t Cache::begin_drafts(std::int64_t n, std::span<const std::int32_t> ids) noexcept {
  const std::int64_t position = start_chunk(n, ids);
  // A lone token is certain, but as a draft it can be cancelled in the middle of a pass without a trace.
  drafting_ = n > 1 || (draft_tokens_ > 0 && !notes_decide());
  drafts_ = drafting_ ? n : 0;
  if (!drafting_) document_.advance(tokens_ + n);
  return position;
}

std::int64_t Cache::draft_room() const noexcept {
  if (stale_ || notes_decide() || plan_.reading.sparse) return 1;
  std::int64_t room = std::min(draft_tokens_, plan_.shape.context - position_);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    const std::int64_t window = plan_.shape.layers[i].window;
    if (layer.slides) room = std::min(room, gap_in_front(layer) + window - position_ + 1);
    if (layer.slides && layer.quota >= window) continue;  // holds any window whole, never evicts
    room = std::min(room, layer.quota - layer.store.used() + 1);  // the last token may be one too many
  }
  return std::max<std::int64_t>(room, 1);
}

// Attention adds up in parts that are counted from the position of a layer's oldest entry. While neighbours slide out one
// after another the parts stay where they are; when the last one before a gap does, they move. Its position; or a far one.
std::int64_t Cache::gap_in_front(const Layer& layer) const noexcept {
  const std::span<const std::int64_t> positions = layer.store.positions();
  const auto most = static_cast<std::size_t>(draft_tokens_);  // no more can slide out under one chunk of drafts
  for (std::size_t i = 0; i + 1 < positions.size() && i < most; ++i) {
    if (positions[i + 1] - positions[i] > 1) return positions[i];
  }
  return position_;
}

void Cache::select_staging(int layer) noexcept {
  const bool whole = drafts_ == 0;
  staging_.select(shape(layer), whole ? plan_.chunk : drafts_, whole ? 0 : layer * staging_part_);
}

void Cache::stage(int layer, const TokenRows& rows) noexcept {
  select_staging(layer);
  staging_.pack(*table_, shape(layer), rows, chunk_);
  staged_layer_ = layer;
  place_positions(at(layer).store);
  if (scratch_.mass) std::fill_n(scratch_.mass + scratch_.slots, chunk_, 0.0f);
  if (scratch_.norm) fill_norms(shape(layer), rows);
}

void Cache::fill_norms(const LayerShape& layer, const TokenRows& rows) noexcept {
  const bool of_keys = plan_.needs.norm == EntryNorm::key;
  const int size = of_keys ? layer.key_size : layer.value_size;
  for (std::int64_t token = 0; token < chunk_; ++token) {
    const float* x = of_keys ? rows.keys + token * rows.key_stride : rows.values + token * rows.value_stride;
    float sum = 0;
    for (int head = 0; head < layer.kv_heads; ++head, x += size) {
      float own = 0;
      for (int d = 0; d < size; ++d) own += of_keys ? x[d] * x[d] : std::abs(x[d]);
      sum += of_keys ? std::sqrt(own) : own;
    }
    scratch_.norm[scratch_.slots + token] = sum / static_cast<float>(layer.kv_heads);
  }
}

// The chunk's positions follow the layer's own: behind them where the array has room, else in the scratch.
void Cache::place_positions(const LayerStore& store) noexcept {
  const std::int64_t* staged = scratch_.positions + scratch_.slots;
  if (store.used() + chunk_ <= store.slots()) {
    std::copy(staged, staged + chunk_, store.position_array() + store.used());
  } else {
    std::copy(store.positions().begin(), store.positions().end(), scratch_.positions + scratch_.slots - store.used());
  }
}

std::span<const std::int64_t> Cache::staged_positions(const Layer& layer) const noexcept {
  const std::int64_t used = layer.store.used();
  const bool in_place = used + chunk_ <= layer.store.slots();
  const std::int64_t* first = in_place ? layer.store.position_array() : scratch_.positions + scratch_.slots - used;
  return {first, static_cast<std::size_t>(used + chunk_)};
}

View Cache::view(int layer) const noexcept {
  const Layer& own = at(layer);
  View view;
  view.cache_ = this;
  view.layer_ = layer;
  view.retained_ = own.store.used();
  view.staged_ = layer == staged_layer_ ? chunk_ : 0;
  view.positions_ = view.staged_ > 0 ? staged_positions(own) : own.store.positions();
  return view;
}

Stretch View::stretch(int head, std::int64_t first, std::int64_t end) const noexcept {
  const LayerStore& store = cache_->at(layer_).store;
  if (first >= retained_) {
    const std::int64_t token = first - retained_;
    return {cache_->staging_.key(head, token), cache_->staging_.value(head, token), store.key_bytes(),
            store.value_bytes(), end - first};
  }
  const std::int64_t count = store.run_length(first, std::min(end, retained_));
  return {store.key(head, first), store.value(head, first), store.key_bytes(), store.value_bytes(), count};
}

void Cache::add_mass(int layer, std::span<const float> mass, std::int64_t queries) noexcept {
  if (!scratch_.mass) return;
  mass_added_ = true;
  if (plan_.rule->needs().blocks) learn_delimiters(at(layer), mass, queries);
  const auto kept = static_cast<float>(std::pow(plan_.needs.mass_kept, static_cast<double>(queries)));
  const std::span<float> retained = at(layer).store.mass();
  for (std::size_t i = 0; i < retained.size() && i < mass.size(); ++i) retained[i] = retained[i] * kept + mass[i];
  float* staged = scratch_.mass + scratch_.slots;
  for (std::size_t i = retained.size(); i < mass.size(); ++i) staged[i - retained.size()] += mass[i];
}

void Cache::append_staged(Layer& layer, std::int64_t token) noexcept {
  const std::int64_t place = scratch_.slots + token;
  layer.store.append(staging_, accepted_ + token, scratch_.positions[place], scratch_.index[place],
                     scratch_.mass ? scratch_.mass[place] : 0.0f, scratch_.norm ? scratch_.norm[place] : 0.0f);
}

void Cache::commit(int layer) noexcept {
  if (layer != staged_layer_) return;
  if (!drafting_) take_in(layer);  // drafts wait for end() and accept_draft()
  staged_layer_ = -1;
}

void Cache::take_in(int layer) noexcept {
  Layer& own = at(layer);
  const std::int64_t before = own.store.bytes_used();
  const std::int64_t used = own.store.used();
  const std::int64_t entries = used + chunk_;

  // Entries older than the window of the last token read: nothing will ever see them again. One more than the next
  // token sees is kept, so that taking back the newest token is exact.
  std::int64_t first = 0;
  if (own.slides) {
    const std::span<const std::int64_t> positions = staged_positions(own);
    const std::int64_t oldest = position_ + chunk_ - shape(layer).window;
    first = std::lower_bound(positions.begin(), positions.end(), oldest) - positions.begin();
    if (first > 0) own.slid_to = oldest;
  }

  if (entries - first <= own.quota) {
    std::span<Block> blocks = list_blocks(own);
    blocks = blocks.first(drop_first_entries(blocks, first));
    own.store.drop_oldest(std::min(first, used));
    for (std::int64_t token = std::max<std::int64_t>(first - used, 0); token < chunk_; ++token) {
      append_staged(own, token);
    }
    store_blocks(own, layer, blocks);
  } else {
    const std::int64_t keep = entries_to_keep(entries - first, own.quota, chunk_);
    evict(layer, first, keep);
    own.evicted += entries - first - keep;
    own.evicted_at = tokens_ + chunk_;
  }
  stored_bytes_ += own.store.bytes_used() - before;
  peak_ = std::max(peak_, bytes_used());
}

void Cache::evict(int number, std::int64_t first, std::int64_t keep) noexcept {
  Layer& layer = at(number);
  // The rule sees one sequence: the layer's entries from `first` on, copied in front of the chunk's.
  const std::int64_t used = layer.store.used();
  const auto entries = static_cast<std::size_t>(used + chunk_ - first);
  const std::int64_t place = scratch_.slots - used + first;
  if (first < used) {
    std::copy(layer.store.index().begin() + first, layer.store.index().end(), scratch_.index + place);
    if (scratch_.mass) std::copy(layer.store.mass().begin() + first, layer.store.mass().end(), scratch_.mass + place);
    if (scratch_.norm) std::copy(layer.store.norm().begin() + first, layer.store.norm().end(), scratch_.norm + place);
  }
  Entries view;
  view.index = {scratch_.index + place, entries};
  if (scratch_.mass) view.mass = {scratch_.mass + place, entries};
  if (scratch_.norm) view.norm = {scratch_.norm + place, entries};
  std::span<Block> blocks = list_blocks(layer);
  blocks = blocks.first(drop_first_entries(blocks, first));
  view.blocks = blocks;
  view.sinks = layer.forced.sinks;
  view.recent = layer.forced.recent;
  const std::span<float> scores(scratch_.scores, entries);
  plan_.rule->score(view, scores);

  const std::span<std::uint32_t> order(scratch_.order, entries);
  choose_survivors(scores, layer.forced, keep, order);
  const std::span<std::uint32_t> chosen = order.first(static_cast<std::size_t>(keep));
  blocks = blocks.first(keep_entries(blocks, chosen));
  blocks = blocks.first(join_small(blocks, document_.block_size()));
  for (std::uint32_t& entry : chosen) entry += static_cast<std::uint32_t>(first);
  const auto staged = std::lower_bound(chosen.begin(), chosen.end(), static_cast<std::uint32_t>(used));
  layer.store.keep(chosen.first(static_cast<std::size_t>(staged - chosen.begin())));
  for (auto entry = staged; entry != chosen.end(); ++entry) {
    append_staged(layer, static_cast<std::int64_t>(*entry) - used);
  }
  store_blocks(layer, number, blocks);
}

void Cache::accept_draft() noexcept {
  if (drafts_left() == 0 || chunk_ != 0) return;
  chunk_ = 1;
  scratch_.positions[scratch_.slots] = position_;
  scratch_.index[scratch_.slots] = tokens_;
  document_.advance(tokens_ + 1);
  // These decide nothing where drafts are allowed.
  if (scratch_.mass) scratch_.mass[scratch_.slots] = 0.0f;
  if (scratch_.norm) scratch_.norm[scratch_.slots] = 0.0f;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    select_staging(static_cast<int>(i));
    place_positions(layers_[i].store);
    take_in(static_cast<int>(i));
  }
  ++accepted_;
  end();
}

void Cache::end() noexcept {
  if (drafting_) {
    drafting_ = false;
    chunk_ = 0;
    accept_draft();
    return;
  }
  tokens_ += chunk_;
  position_ += chunk_;
  chunk_ = 0;
  staged_layer_ = -1;
  if (observed_) rebalance();
}

void Cache::rebase_all(std::int64_t n) noexcept {
  const std::int64_t context = plan_.shape.context;
  const std::int64_t room = context - std::max(n, context / 8);
  std::int64_t end = 0;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (layers_[i].store.used() > room) drop_after_sinks(static_cast<int>(i), room);
    end = std::max(end, layers_[i].store.used());
  }
  const RebaseTools tools{*table_, rotation_, scratch_.keys};
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const int number = static_cast<int>(i);
    const LayerShape& own = plan_.shape.layers[i];
    rebase(layers_[i].store, own, plan_.shape.place(number).layer, layers_[i].forced.sinks, end, tools);
    renew_block_boxes(layers_[i], number);
    layers_[i].slid_to = 0;
  }
  position_ = end;
  rebased_at_ = tokens_ + n;
  ++rebased_;
}

void Cache::drop_after_sinks(int number, std::int64_t keep) noexcept {
  Layer& layer = at(number);
  const std::int64_t before = layer.store.bytes_used();
  const std::int64_t dropped = layer.store.used() - keep;
  const std::int64_t sinks = std::min(layer.forced.sinks, keep);
  std::iota(scratch_.order, scratch_.order + sinks, 0u);
  std::iota(scratch_.order + sinks, scratch_.order + keep, static_cast<std::uint32_t>(sinks + dropped));
  const std::span<const std::uint32_t> kept(scratch_.order, static_cast<std::size_t>(keep));
  std::span<Block> blocks = list_blocks(layer);
  blocks = blocks.first(keep_entries(blocks, kept));
  blocks = blocks.first(join_small(blocks, document_.block_size()));
  layer.store.keep(kept);
  store_blocks(layer, number, blocks);
  layer.evicted += dropped;
  stored_bytes_ += layer.store.bytes_used() - before;
}

Needs Cache::needs() const { return plan_.needs; }

std::int64_t Cache::evicted() const {
  std::int64_t sum = 0;
  for (const Layer& layer : layers_) sum += layer.evicted;
  return sum;
}

LayerStats Cache::layer(int index) const {
  const Layer& own = at(index);
  return {own.quota, own.store.used(), own.evicted};
}

std::int64_t Cache::bytes_used() const { return fixed_bytes_ + stored_bytes_; }

}  // namespace brim::kv
