// Document's share of a saved session: the ids and cuts that it keeps, and what was learned about its delimiters.
#include <limits>

#include "engine/kv/document.hpp"

namespace brim::kv {
namespace {

constexpr std::int64_t kMax = std::int64_t{1} << 53;

template <class T>
std::span<std::byte> bytes_of(T* values, std::int64_t count) {
  return std::as_writable_bytes(std::span<T>(values, static_cast<std::size_t>(count)));
}

}  // namespace

void Document::save(StateWriter& state) const {
  state.number(shape_.block_size);
  if (!cut()) return;
  for (const std::int64_t value : {cuts_, written_}) state.number(value);
  state.piece(bytes_of(memory_.token_ids, memory_.token_count));
  state.piece(bytes_of(memory_.cut_places, memory_.cut_count));
  weights_.save(state);
}

Status Document::restore(StateReader& state, std::int64_t count) {
  state.at("the text's blocks");
  BRIM_TRY(state.same("tokens in a block", shape_.block_size));
  if (!cut()) return {};
  BRIM_TRY(state.number("cuts", 1, kMax, cuts_));
  BRIM_TRY(state.number("tokens known", count, kMax, written_));
  fresh_ = 0;
  BRIM_TRY(state.piece("token ids", bytes_of(memory_.token_ids, memory_.token_count)));
  BRIM_TRY(state.piece("cuts", bytes_of(memory_.cut_places, memory_.cut_count)));
  for (std::int64_t i = 0; i < memory_.token_count; ++i) {
    // Keys are computed from ids by adding 1 and 2.
    if (memory_.token_ids[i] < -1 || memory_.token_ids[i] > std::numeric_limits<std::int32_t>::max() - 2) {
      return state.wrong("token ids", "ids", sentence(memory_.token_ids[i]));
    }
  }
  for (std::int64_t i = 0; i < memory_.cut_count; ++i) {
    if (memory_.cut_places[i] >= 0 && memory_.cut_places[i] <= kMax) continue;
    return state.wrong("cuts", "places in the text", sentence(memory_.cut_places[i]));
  }
  if (open() > count || decided_at(open()) <= count) {  // the end of the block would be known by now
    return state.wrong("the open block's start",
                       sentence("up to ", count, ", after ", count - known_before_cut(shape_.block_size)),
                       sentence(open()));
  }
  return weights_.restore(state, count);
}

}  // namespace brim::kv
