// Document's share of a saved session: the ids and cuts that it keeps, and what was learned about its delimiters.
#include <limits>

#include "engine/kv/document.hpp"

namespace brim::kv {
namespace {

constexpr std::int64_t kMax = std::int64_t{1} << 53;
constexpr double kMaxSum = 1e15;

template <class T>
std::span<std::byte> bytes_of(T* values, std::int64_t count) {
  return std::as_writable_bytes(std::span<T>(values, static_cast<std::size_t>(count)));
}

}  // namespace

void Document::save(StateWriter& state) const {
  state.number(size_);
  if (!cut()) return;
  for (const std::int64_t value : {cuts_, written_, learned_}) state.number(value);
  for (const double value : {seen_, seen_sum_, seen_squares_}) state.real(value);
  state.piece(bytes_of(memory_.token_ids, memory_.token_count));
  state.piece(bytes_of(memory_.cut_places, memory_.cut_count));
  state.piece(bytes_of(memory_.learned, kLearnedDelimiters));
}

Status Document::restore(StateReader& state, std::int64_t count) {
  state.at("the text's blocks");
  BRIM_TRY(state.same("tokens in a block", size_));
  if (!cut()) return {};
  BRIM_TRY(state.number("cuts", 1, kMax, cuts_));
  BRIM_TRY(state.number("tokens known", count, kMax, written_));
  BRIM_TRY(state.number("delimiters learned of", 0, kLearnedDelimiters * 3 / 4, learned_));
  BRIM_TRY(state.real("occurrences", 0, kMaxSum, seen_));
  BRIM_TRY(state.real("sum of scores", -kMaxSum, kMaxSum, seen_sum_));
  BRIM_TRY(state.real("sum of squared scores", 0, kMaxSum, seen_squares_));
  fresh_ = 0;
  BRIM_TRY(state.piece("token ids", bytes_of(memory_.token_ids, memory_.token_count)));
  BRIM_TRY(state.piece("cuts", bytes_of(memory_.cut_places, memory_.cut_count)));
  BRIM_TRY(state.piece("delimiters", bytes_of(memory_.learned, kLearnedDelimiters)));
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
    return state.wrong("the open block's start", sentence("up to ", count, ", after ", count - size_ - reach_ - 1),
                       sentence(open()));
  }
  std::int64_t taken = 0;
  for (std::int64_t i = 0; i < kLearnedDelimiters; ++i) {
    const LearnedDelimiter& learned = memory_.learned[i];
    if (learned.key == 0) continue;
    ++taken;
    if (!(learned.count > 0 && double{learned.count} <= kMaxSum && double{learned.sum} >= -kMaxSum &&
          double{learned.sum} <= kMaxSum)) {
      return state.wrong("delimiters", "counts above 0 and finite sums", sentence(learned.count, " and ", learned.sum));
    }
  }
  if (taken != learned_) return state.wrong("delimiters", sentence(learned_), sentence(taken));
  return {};
}

}  // namespace brim::kv
