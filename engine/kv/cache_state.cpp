// Cache's part of a saved session. What is restored comes from a file that anybody may have written: counts are checked
// against the plan, and entries against what the cache relies on, before the first chunk is read on top of them.
#include <algorithm>

#include "engine/kv/cache.hpp"
#include "engine/kv/saturate.hpp"

namespace brim::kv {
namespace {

constexpr std::int64_t kMostTokens = std::int64_t{1} << 53;
constexpr double kLargestStatistic = 1e12;

/// Calls piece(what, bytes) for everything a layer's entries fill, in this order: keys and values of each head by
/// stretches, then what lies beside them.
template <class Piece>
Status for_pieces(const LayerStore& store, int heads, Piece piece) {
  const auto array = [&](const char* what, auto values) { return piece(what, std::as_writable_bytes(values)); };
  for (int head = 0; head < heads; ++head) {
    for (std::int64_t entry = 0, next = 0; entry < store.used(); entry = next) {
      next = entry + store.run_length(entry, store.used());
      const auto count = static_cast<std::size_t>(next - entry);
      BRIM_TRY(piece("keys", std::span(store.key(head, entry), count * store.key_bytes())));
      BRIM_TRY(piece("values", std::span(store.value(head, entry), count * store.value_bytes())));
    }
    if (!store.has_block_boxes()) continue;
    BRIM_TRY(piece("blocks' boxes", std::span(store.block_box(head, 0), store.blocks().size() * store.block_box_bytes())));
  }
  BRIM_TRY(array("positions", store.positions()));
  BRIM_TRY(array("indices", std::span(store.run().index, store.positions().size())));
  BRIM_TRY(array("attention", store.mass()));
  BRIM_TRY(array("norms", store.norm()));
  return array("blocks", store.blocks());
}

/// Each larger than the one before it, from 0 up to `end`.
Status check_ascending(const StateReader& state, const char* what, std::span<const std::int64_t> values, std::int64_t end) {
  std::int64_t least = 0;
  for (const std::int64_t value : values) {
    if (value < least || value >= end) {
      return state.wrong(what, sentence("one from ", least, " to ", end - 1), sentence(value));
    }
    least = value + 1;
  }
  return {};
}

/// That the list will never be longer than there is room for (most_blocks): it covers the entries, and small blocks follow
/// large ones, but for the first two, the open one and those that it was cut into: two at most, and while entries of the
/// open one are missing — it may be cut into two small ones again —, one.
Status check_blocks(const StateReader& state, std::span<const Block> blocks, std::span<const std::int64_t> index,
                    std::int64_t open, int size) {
  const auto used = static_cast<std::int64_t>(index.size());
  std::int64_t covered = 0, small = 0;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const std::int64_t least = i == 0 ? 0 : blocks[i - 1].start + 1;
    if (blocks[i].length < 1 || blocks[i].length > used - covered || blocks[i].start < least || blocks[i].start > open) {
      return state.wrong("blocks", sentence("1 to ", used - covered, " entries from ", least, " to ", open, " on"),
                         sentence(blocks[i].length, " from ", blocks[i].start, " on"));
    }
    covered += blocks[i].length;
    if (i < 2 || i + 1 == blocks.size() || blocks[i].length >= least_block(size)) continue;
    small += blocks[i - 1].length + blocks[i].length <= joined_block(size) ? 1 : 0;
  }
  if (covered != used) return state.wrong("entries in blocks", sentence(used), sentence(covered));
  if (blocks.empty()) return {};
  const std::int64_t newest = blocks.back().length;
  const bool whole = index.back() - index[static_cast<std::size_t>(used - newest)] + 1 == newest;
  const std::int64_t most = whole ? 2 : 1;
  if (small > most) return state.wrong("small blocks in a row", sentence("at most ", most), sentence(small));
  return {};
}

}  // namespace

void Cache::save(StateWriter& state) const {
  state.text(plan_.split);
  state.text(plan_.keep);
  for (const std::int64_t value : {plan_.shape.context, plan_.budget_bytes, std::int64_t{plan_.chunk}, plan_.most_entries,
                                   static_cast<std::int64_t>(layers_.size())}) {
    state.number(value);
  }
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    state.text(kernels::kv_types_name(plan_.shape.layers[i].types));
    state.number(plan_.quota[i]);
    state.number(static_cast<std::int64_t>(layers_[i].store.key_bytes()));
    state.number(static_cast<std::int64_t>(layers_[i].store.value_bytes()));
  }
  for (const std::int64_t value : {tokens_, position_, rebased_, rebased_at_, peak_, moved_at_, observations_}) {
    state.number(value);
  }
  for (const double seen : seen_) state.real(seen);
  document_.save(state);
  for (const Layer& layer : layers_) {
    for (const std::int64_t value : {layer.store.slots(), layer.store.start(), layer.store.used(),
                                     static_cast<std::int64_t>(layer.store.blocks().size()), layer.evicted,
                                     layer.evicted_at, layer.slid_to}) {
      state.number(value);
    }
  }
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    (void)for_pieces(layers_[i].store, plan_.shape.layers[i].kv_heads, [&](const char*, std::span<const std::byte> bytes) {
      state.piece(bytes);
      return Status();
    });
  }
}

Status check_plan(const Plan& plan, StateReader& state) {
  state.at("KV memory");
  BRIM_TRY(state.same("split", plan.split));
  BRIM_TRY(state.same("rule", plan.keep));
  BRIM_TRY(state.same("context", plan.shape.context));
  BRIM_TRY(state.same("budget in bytes", plan.budget_bytes));
  BRIM_TRY(state.same("tokens read at a time", plan.chunk));
  BRIM_TRY(state.same("most entries of a layer", plan.most_entries));
  BRIM_TRY(state.same("layers", static_cast<std::int64_t>(plan.shape.layers.size())));
  for (std::size_t i = 0; i < plan.shape.layers.size(); ++i) {
    const LayerShape& layer = plan.shape.layers[i];
    state.at(sentence("layer ", i));
    BRIM_TRY(state.same("storage", kernels::kv_types_name(layer.types)));
    BRIM_TRY(state.same("entries it may keep", plan.quota[i]));
    BRIM_TRY(state.same("bytes of a key", static_cast<std::int64_t>(kernels::kv_vector_bytes(layer.types.key, layer.key_size))));
    BRIM_TRY(state.same("bytes of a value", static_cast<std::int64_t>(kernels::kv_vector_bytes(layer.types.value, layer.value_size))));
  }
  return {};
}

Status Cache::restore_counts(StateReader& state) {
  state.at("KV memory");
  BRIM_TRY(state.number("tokens", 0, kMostTokens, tokens_));
  BRIM_TRY(state.number("next position", 0, std::min(tokens_, plan_.shape.context), position_));
  BRIM_TRY(state.number("times rebased", 0, tokens_, rebased_));
  BRIM_TRY(state.number("tokens when rebased", 0, plus(tokens_, plan_.chunk), rebased_at_));
  // Since they were rebased last, positions have gone on with the tokens: else going back would end before the first.
  if (position_ < tokens_ - rebased_at_) {
    return state.wrong("next position", sentence("at least ", tokens_ - rebased_at_), sentence(position_));
  }
  BRIM_TRY(state.number("most bytes in use", 0, plan_.budget_bytes, peak_));
  BRIM_TRY(state.number("tokens when quotas moved", 0, plan_.quotas_move() ? tokens_ : 0, moved_at_));
  // Not bounded by tokens: what is taken back and read again is observed again.
  BRIM_TRY(state.number("observations", 0, plan_.quotas_move() ? kMostTokens : 0, observations_));
  for (double& seen : seen_) BRIM_TRY(state.real("a layer's statistic", -kLargestStatistic, kLargestStatistic, seen));
  return document_.restore(state, tokens_);
}

// Every layer's slots and entries. Slots that are not the plan's are laid out anew: nothing is in them yet.
Status Cache::restore_sizes(StateReader& state) {
  MemoryMap map = layer_memory_;
  std::int64_t left = layer_bytes_;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    Layer& layer = layers_[i];
    state.at(sentence("layer ", i));
    std::int64_t slots = 0, start = 0, used = 0, blocks = 0;
    const std::int64_t own = layer.store.slots();
    const std::int64_t price = plan_.layers.empty() ? 0 : plan_.layers[i].entry_bytes;
    const std::int64_t most = price > 0 ? std::min(plan_.most_entries, left / price) : own;
    BRIM_TRY(moved_at_ > 0 ? state.number("slots", kGranuleEntries, most, slots) : state.number("slots", own, own, slots));
    if (slots % kGranuleEntries != 0) return state.wrong("slots", "a multiple of 16", sentence(slots));
    left -= slots * price;
    if (moved_at_ > 0) {
      layer.store.settle(map.layer(plan_.shape.layers[i], plan_.needs, slots));
      set_quota(i, slots);
    }
    BRIM_TRY(state.number("first slot", 0, slots - 1, start));
    BRIM_TRY(state.number("entries", 0, std::min(layer.quota, position_), used));
    BRIM_TRY(state.number("blocks", 0, document_.cut() ? std::min(used, layer.store.run().most_blocks) : 0, blocks));
    BRIM_TRY(state.number("entries evicted", 0, kMostTokens, layer.evicted));
    BRIM_TRY(state.number("tokens when it evicted last", 0, tokens_, layer.evicted_at));
    BRIM_TRY(state.number("positions slid over", 0, position_, layer.slid_to));
    layer.store.resume(start, used, static_cast<std::size_t>(blocks));
  }
  return {};
}

Status Cache::restore_entries(StateReader& state, int number) {
  LayerStore& store = at(number).store;
  state.at(sentence("layer ", number));
  BRIM_TRY(for_pieces(store, shape(number).kv_heads, [&](const char* what, std::span<std::byte> bytes) {
    return state.piece(what, bytes);
  }));
  BRIM_TRY(check_ascending(state, "positions", store.positions(), position_));
  BRIM_TRY(check_ascending(state, "indices", store.index(), tokens_));
  if (!document_.cut()) return {};
  return check_blocks(state, store.blocks(), store.index(), document_.open(), document_.block_size());
}

Status Cache::restore(StateReader& state) {
  BRIM_TRY(check_plan(plan_, state));
  clear();
  const std::int64_t peak = peak_;
  const auto take_over = [&]() -> Status {
    BRIM_TRY(restore_counts(state));
    BRIM_TRY(restore_sizes(state));
    for (int i = 0; i < static_cast<int>(layers_.size()); ++i) BRIM_TRY(restore_entries(state, i));
    return {};
  };
  const Status status = take_over();
  if (!status) {
    // Slots may be laid out already and entries not: nothing is kept, so nothing has to be moved.
    for (Layer& layer : layers_) layer.store.clear();
    clear();
    peak_ = peak;
    return status;
  }
  for (const Layer& layer : layers_) stored_bytes_ += layer.store.bytes_used();
  peak_ = std::max(peak_, bytes_used());
  return {};
}

}  // namespace brim::kv
