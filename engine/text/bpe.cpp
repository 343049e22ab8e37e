// See bpe.hpp. Strings are numbered once, so that a merge step compares and looks up integers only.
#include "engine/text/bpe.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <optional>
#include <utility>

#include "engine/base/keyed_hash.hpp"
#include "engine/text/byte_alphabet.hpp"

namespace brim::text {
namespace {

constexpr std::uint32_t kNobody = std::numeric_limits<std::uint32_t>::max();
constexpr std::int32_t kUnknownString = -1;  // bytes that neither tokens nor merges mention
constexpr std::int32_t kGone = -2;

std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 | static_cast<std::uint32_t>(right);
}

}  // namespace

BpeEncoder::BpeEncoder(const Vocabulary& vocabulary, bool ignore_merges)
    : numbers_(vocabulary.tokens.size() + vocabulary.merges.size() / 4), ignore_merges_(ignore_merges) {
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const std::optional<std::string> bytes = bytes_of_text(vocabulary.tokens[id]);
    if (!bytes) continue;  // has characters outside the alphabet: only matched as a special token
    const std::int32_t string = intern(*bytes);
    auto& token = token_of_string_[static_cast<std::size_t>(string)];
    if (token < 0) token = static_cast<std::int32_t>(id);
  }

  std::size_t capacity = 16;
  while (capacity < vocabulary.merges.size() + vocabulary.merges.size() / 2) capacity *= 2;
  merges_.resize(capacity);
  for (std::size_t rank = 0; rank < vocabulary.merges.size(); ++rank) {
    const std::string_view merge = vocabulary.merges[rank];
    const std::size_t space = merge.find(' ', 1);
    if (space == std::string_view::npos) continue;
    const auto left = bytes_of_text(merge.substr(0, space));
    const auto right = bytes_of_text(merge.substr(space + 1));
    if (!left || !right || left->empty() || right->empty()) continue;
    add_merge(intern(*left), intern(*right), static_cast<std::int32_t>(rank), intern(*left + *right));
  }

  for (unsigned byte = 0; byte < 256; ++byte) {
    const char text = static_cast<char>(byte);
    const std::int32_t string = numbers_.find({&text, 1});
    byte_string_[byte] = string == TokenMap::kNone ? kUnknownString : string;
  }
}

std::int32_t BpeEncoder::intern(std::string_view bytes) {
  const std::int32_t number = numbers_.insert(bytes, static_cast<std::int32_t>(numbers_.size()));
  token_of_string_.resize(numbers_.size(), -1);
  return number;
}

void BpeEncoder::add_merge(std::int32_t left, std::int32_t right, std::int32_t rank, std::int32_t joint) {
  const std::uint64_t pair = pair_key(left, right);
  std::size_t at = keyed_hash(pair) & (merges_.size() - 1);
  while (merges_[at].rank >= 0 && merges_[at].pair != pair) at = (at + 1) & (merges_.size() - 1);
  if (merges_[at].rank < 0) merges_[at] = {pair, rank, joint};
}

const BpeEncoder::Merge* BpeEncoder::find_merge(std::int32_t left, std::int32_t right) const {
  if (left < 0 || right < 0) return nullptr;
  const std::uint64_t pair = pair_key(left, right);
  std::size_t at = keyed_hash(pair) & (merges_.size() - 1);
  while (merges_[at].rank >= 0 && merges_[at].pair != pair) at = (at + 1) & (merges_.size() - 1);
  return merges_[at].rank >= 0 ? &merges_[at] : nullptr;
}

void BpeEncoder::encode(std::string_view word, Scratch& scratch, std::vector<std::int32_t>& out, WorkMeter* meter) const {
  if (word.empty()) return;
  if (ignore_merges_) {
    const std::int32_t token = token_of(numbers_.find(word));
    if (token >= 0) {
      out.push_back(token);
      return;
    }
  }

  auto& symbols = scratch.symbols;
  auto& heap = scratch.heap;
  symbols.clear();
  heap.clear();
  symbols.reserve(word.size());
  heap.reserve(word.size());
  for (std::size_t i = 0; i < word.size(); ++i) {
    const auto index = static_cast<std::uint32_t>(i);
    symbols.push_back({byte_string_[static_cast<unsigned char>(word[i])], 1, index - 1, index + 1});
  }
  symbols.front().previous = kNobody;
  symbols.back().next = kNobody;

  // The merge of a symbol with the one after it; null: none.
  const auto merge_at = [&](std::uint32_t left) -> const Merge* {
    const std::uint32_t right = symbols[left].next;
    return right == kNobody ? nullptr : find_merge(symbols[left].string, symbols[right].string);
  };
  const auto candidate = [&](std::uint32_t left) {
    const Merge* merge = merge_at(left);
    if (merge == nullptr) return false;
    heap.push_back(static_cast<std::uint64_t>(merge->rank) << 32 | left);
    return true;
  };
  for (std::uint32_t i = 0; i + 1 < symbols.size(); ++i) {
    if (!step(meter)) return;
    candidate(i);
  }
  std::make_heap(heap.begin(), heap.end(), std::greater{});

  while (!heap.empty()) {
    if (!step(meter, 3)) return;  // the heap, and up to three look-ups
    std::pop_heap(heap.begin(), heap.end(), std::greater{});
    const std::uint64_t best = heap.back();
    heap.pop_back();
    const auto left_index = static_cast<std::uint32_t>(best);
    const Merge* merge = merge_at(left_index);
    // Another merge has changed one of the two since: no two pairs share a rank.
    if (merge == nullptr || static_cast<std::uint32_t>(merge->rank) != best >> 32) continue;
    auto& left = symbols[left_index];
    auto& right = symbols[left.next];
    left.string = merge->joint;
    left.length += right.length;
    left.next = right.next;
    right.string = kGone;
    if (left.next != kNobody) symbols[left.next].previous = left_index;
    if (left.previous != kNobody && candidate(left.previous)) std::push_heap(heap.begin(), heap.end(), std::greater{});
    if (candidate(left_index)) std::push_heap(heap.begin(), heap.end(), std::greater{});
  }

  std::size_t offset = 0;
  for (std::uint32_t i = 0; i != kNobody; i = symbols[i].next) {
    if (!step(meter)) return;
    const std::int32_t token = token_of(symbols[i].string);
    if (token >= 0) {
      out.push_back(token);
    } else {
      for (const char byte : word.substr(offset, symbols[i].length)) {
        const std::int32_t single = token_of(byte_string_[static_cast<unsigned char>(byte)]);
        if (single >= 0) out.push_back(single);
      }
    }
    offset += symbols[i].length;
  }
}

}  // namespace brim::text
