// See snapshot.hpp.
#include "engine/kv/snapshot.hpp"

#include <algorithm>

#include "engine/kv/rebase.hpp"
#include "engine/kv/saturate.hpp"

namespace brim::kv {
namespace {

constexpr double kLargestStatistic = 1e12;

/// Calls piece(what, bytes) for everything that a stream's entries fill, in this order: keys and values of each head by
/// ranges, then their metadata.
template <class Piece>
Status for_pieces(const StreamStore& store, int heads, Piece piece) {
  const auto array = [&](const char* what, auto values) { return piece(what, std::as_writable_bytes(values)); };
  for (int head = 0; head < heads; ++head) {
    for (std::int64_t entry = 0, next = 0; entry < store.used(); entry = next) {
      next = entry + store.run_length(entry, store.used());
      const auto count = static_cast<std::size_t>(next - entry);
      BRIM_TRY(piece("keys", std::span(store.key(head, entry), count * store.key_bytes())));
      BRIM_TRY(piece("values", std::span(store.value(head, entry), count * store.value_bytes())));
    }
    if (!store.has_block_boxes()) continue;
    BRIM_TRY(
        piece("blocks' boxes", std::span(store.block_box(head, 0), store.blocks().size() * store.block_box_bytes())));
  }
  BRIM_TRY(array("positions", store.positions()));
  BRIM_TRY(array("indices", std::span(store.run().index, store.positions().size())));
  BRIM_TRY(array("attention", store.accumulated()));
  BRIM_TRY(array("measures", store.measure()));
  if (store.run().repacked) BRIM_TRY(array("counts of packing", store.repacked()));
  return array("blocks", store.blocks());
}

/// How a stream's entries are stored. Types with levels stored vectors unrotated in earlier versions, under the same
/// name, and are refused by this text.
std::string storage_of(const StreamShape& shape) {
  const kernels::KvTypes types = shape.types;
  const bool rotated = kernels::kv_scaled(types.key) || kernels::kv_scaled(types.value);
  return sentence(kernels::kv_types_name(types), rotated ? " rotated" : "");
}

/// Which learned scores a memory uses: those of others would be compared with what it has stored.
std::string hash_of(const Plan& plan) { return plan.scores ? plan.scores->hash : std::string(); }

/// Each larger than the one before it, from 0 up to `end`.
Status check_ascending(const StateReader& state, const char* what, std::span<const std::int64_t> values,
                       std::int64_t end) {
  std::int64_t min = 0;
  for (const std::int64_t value : values) {
    if (value < min || value >= end) {
      return state.wrong(what, sentence("one from ", min, " to ", end - 1), sentence(value));
    }
    min = value + 1;
  }
  return {};
}

/// Checks that the list can never become longer than its memory (max_blocks): it covers the entries, and small blocks
/// follow large ones, except the first two, the open one and those that it was cut into, or may still be cut into where
/// some of its entries are missing.
Status check_blocks(const StateReader& state, std::span<const Block> blocks, std::span<const std::int64_t> index,
                    std::int64_t open, int size) {
  const auto used = static_cast<std::int64_t>(index.size());
  std::int64_t covered = 0, small = 0;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const std::int64_t min = i == 0 ? 0 : blocks[i - 1].start + 1;
    if (blocks[i].length < 1 || blocks[i].length > used - covered || blocks[i].start < min || blocks[i].start > open) {
      return state.wrong("blocks", sentence("1 to ", used - covered, " entries from ", min, " to ", open, " on"),
                         sentence(blocks[i].length, " from ", blocks[i].start, " on"));
    }
    covered += blocks[i].length;
    if (i < 2 || i + 1 == blocks.size() || blocks[i].length >= min_block(size)) continue;
    small += blocks[i - 1].length + blocks[i].length <= joined_block(size) ? 1 : 0;
  }
  if (covered != used) return state.wrong("entries in blocks", sentence(used), sentence(covered));
  if (blocks.empty()) return {};
  // Behind the last gap of the open block everything is there.
  std::size_t complete = index.size() - 1;
  const std::size_t first = index.size() - static_cast<std::size_t>(blocks.back().length);
  while (complete > first && index[complete - 1] + 1 == index[complete]) --complete;
  const std::int64_t max = max_cuts_of_open(size) - max_cuts(index[complete] - blocks.back().start, size);
  if (small > max) return state.wrong("small blocks in a row", sentence("at most ", max), sentence(small));
  return {};
}

}  // namespace

void save_entries(const StreamStore& store, int heads, StateWriter& state) {
  (void)for_pieces(store, heads, [&](const char*, std::span<const std::byte> bytes) {
    state.piece(bytes);
    return Status();
  });
}

Status restore_entries(const StreamStore& store, int heads, const EntryBounds& bounds, StateReader& state) {
  BRIM_TRY(
      for_pieces(store, heads, [&](const char* what, std::span<std::byte> bytes) { return state.piece(what, bytes); }));
  BRIM_TRY(check_ascending(state, "positions", store.positions(), bounds.positions));
  BRIM_TRY(check_ascending(state, "indices", store.index(), bounds.tokens));
  for (const std::uint8_t count : store.repacked()) {
    if (count > kMaxRepacked) {
      return state.wrong("counts of packing", sentence("at most ", int{kMaxRepacked}), sentence(int{count}));
    }
  }
  return {};
}

void save_memory(const SavedMemory& parts, StateWriter& state) {
  const auto& [plan, time, streams, document, quotas] = parts;
  state.text(plan.split);
  state.text(plan.keep);
  for (const std::int64_t value : {plan.shape.context, plan.budget_bytes, std::int64_t{plan.chunk}, plan.max_entries,
                                   static_cast<std::int64_t>(streams.size())}) {
    state.number(value);
  }
  for (const Stream& stream : streams) {
    state.text(storage_of(stream.shape));
    state.number(plan.quota[index_of(stream.id)]);
    state.number(static_cast<std::int64_t>(stream.store.key_bytes()));
    state.number(static_cast<std::int64_t>(stream.store.value_bytes()));
  }
  if (plan.shape.needs_checkpoints()) {
    state.number(plan.state_bytes);
    state.number(plan.checkpoints);
  }
  if (plan.needs.measure == EntryMeasure::learned) state.text(hash_of(plan));
  for (const std::int64_t value : {time.tokens, time.position, time.rebased, time.rebased_at, streams.bytes_peak(),
                                   quotas.moved_at(), quotas.observations()}) {
    state.number(value);
  }
  for (const double seen : quotas.seen()) state.real(seen);
  document.save(state);
  for (const Stream& stream : streams) {
    for (const std::int64_t value :
         {stream.store.slots(), stream.store.start(), stream.store.used(),
          static_cast<std::int64_t>(stream.store.blocks().size()), stream.evicted, stream.evicted_at, stream.slid_to}) {
      state.number(value);
    }
  }
  for (const Stream& stream : streams) save_entries(stream.store, stream.shape.kv_heads, state);
}

Status check_plan(const Plan& plan, StateReader& state) {
  state.at("KV memory");
  BRIM_TRY(state.same("split", plan.split));
  BRIM_TRY(state.same("rule", plan.keep));
  BRIM_TRY(state.same("context", plan.shape.context));
  // These follow from how entries are stored: where that differs too, it is what the caller has to know.
  Status sizes = state.same("budget in bytes", plan.budget_bytes);
  if (const Status chunk = state.same("tokens read at a time", plan.chunk); sizes) sizes = chunk;
  if (const Status most = state.same("most entries of a layer", plan.max_entries); sizes) sizes = most;
  BRIM_TRY(state.same("layers", static_cast<std::int64_t>(plan.shape.layers.size())));
  for (std::size_t i = 0; i < plan.shape.layers.size(); ++i) {
    const StreamShape& layer = plan.shape.layers[i];
    state.at(sentence("layer ", i));
    BRIM_TRY(state.same("storage", storage_of(layer)));
    BRIM_TRY(sizes);
    BRIM_TRY(state.same("entries it may keep", plan.quota[i]));
    BRIM_TRY(state.same("bytes of a key", key_bytes(layer)));
    BRIM_TRY(state.same("bytes of a value", value_bytes(layer)));
  }
  BRIM_TRY(sizes);
  if (plan.shape.needs_checkpoints()) {
    state.at("states of layers");
    BRIM_TRY(state.same("bytes", plan.state_bytes));
    BRIM_TRY(state.same("checkpoints", plan.checkpoints));
  }
  if (plan.needs.measure != EntryMeasure::learned) return {};
  state.at("learned scores (kv.scores)");
  return state.same("hash", hash_of(plan));
}

namespace {

struct Counts {
  std::int64_t peak = 0, moved_at = 0;
};

Status restore_counts(const RestoredMemory& parts, StateReader& state, Counts& counts) {
  const Plan& plan = parts.plan;
  Timeline& time = parts.time;
  state.at("KV memory");
  BRIM_TRY(state.number("tokens", 0, kMaxStateTokens, time.tokens));
  BRIM_TRY(state.number("next position", 0, std::min(time.tokens, plan.shape.context), time.position));
  BRIM_TRY(state.number("times rebased", 0, time.tokens, time.rebased));
  BRIM_TRY(state.number("tokens when rebased", 0, plus(time.tokens, plan.chunk), time.rebased_at));
  // Since the last rebase, positions have advanced with the tokens: otherwise going back would end before the first
  // one.
  if (time.position < time.tokens - time.rebased_at) {
    return state.wrong("next position", sentence("at least ", time.tokens - time.rebased_at), sentence(time.position));
  }
  std::int64_t observations = 0;
  BRIM_TRY(state.number("most bytes in use", 0, plan.budget_bytes, counts.peak));
  BRIM_TRY(state.number("tokens when quotas moved", 0, plan.quotas_move() ? time.tokens : 0, counts.moved_at));
  // Not bounded by tokens: what is taken back and processed again is observed again.
  BRIM_TRY(state.number("observations", 0, plan.quotas_move() ? kMaxStateTokens : 0, observations));
  parts.quotas.resume(counts.moved_at, observations);
  for (double& seen : parts.quotas.seen()) {
    BRIM_TRY(state.real("a layer's statistic", -kLargestStatistic, kLargestStatistic, seen));
  }
  return parts.document.restore(state, time.tokens);
}

// Every stream's slots and entries. Where the slots differ from the plan's, they are laid out again: they are still
// empty.
Status restore_sizes(const RestoredMemory& parts, StateReader& state, const Counts& counts) {
  const auto& [plan, time, streams, document, quotas] = parts;
  QuotaMover::Layout layout(quotas);
  std::int64_t left = quotas.bytes();
  for (Stream& stream : streams) {
    const std::size_t i = index_of(stream.id);
    state.at(sentence("layer ", i));
    std::int64_t slots = 0, start = 0, used = 0, blocks = 0;
    const std::int64_t own = stream.store.slots();
    const std::int64_t price = plan.layers.empty() ? 0 : plan.layers[i].entry_bytes;
    const std::int64_t max = price > 0 ? std::min(plan.max_entries, left / price) : own;
    BRIM_TRY(counts.moved_at > 0 ? state.number("slots", kGranuleEntries, max, slots)
                                 : state.number("slots", own, own, slots));
    if (slots % kGranuleEntries != 0) return state.wrong("slots", "a multiple of 16", sentence(slots));
    left -= slots * price;
    if (counts.moved_at > 0) layout.next(stream, slots);
    BRIM_TRY(state.number("first slot", 0, slots - 1, start));
    BRIM_TRY(state.number("entries", 0, std::min(stream.quota, time.position), used));
    BRIM_TRY(state.number("blocks", 0, document.cut() ? std::min(used, stream.store.run().max_blocks) : 0, blocks));
    BRIM_TRY(state.number("entries evicted", 0, kMaxStateTokens, stream.evicted));
    BRIM_TRY(state.number("tokens when it evicted last", 0, time.tokens, stream.evicted_at));
    BRIM_TRY(state.number("positions slid over", 0, time.position, stream.slid_to));
    stream.store.resume(start, used, static_cast<std::size_t>(blocks));
  }
  return {};
}

Status restore_stream(const RestoredMemory& parts, StateReader& state, const Stream& stream) {
  state.at(sentence("layer ", index_of(stream.id)));
  BRIM_TRY(restore_entries(stream.store, stream.shape.kv_heads, {parts.time.position, parts.time.tokens}, state));
  if (!parts.document.cut()) return {};
  return check_blocks(state, stream.store.blocks(), stream.store.index(), parts.document.open(),
                      parts.document.block_size());
}

}  // namespace

Status restore_memory(const RestoredMemory& parts, StateReader& state) {
  Counts counts;
  BRIM_TRY(restore_counts(parts, state, counts));
  BRIM_TRY(restore_sizes(parts, state, counts));
  for (Stream& stream : parts.streams) BRIM_TRY(restore_stream(parts, state, stream));
  parts.streams.set_peak(counts.peak);
  parts.streams.recount();
  parts.streams.note_peak();
  return {};
}

}  // namespace brim::kv
