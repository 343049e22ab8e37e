// See bpe.hpp. Strings are numbered once, so that a merge step compares and looks up integers only.
#include "engine/text/bpe.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/text/byte_alphabet.hpp"
#include "engine/text/unicode.hpp"
#include "platform/keyed_hash.hpp"

namespace brim::text {
namespace {

constexpr std::int32_t kUnknownString = -1;  // bytes that neither tokens nor merges mention

std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 | static_cast<std::uint32_t>(right);
}

}  // namespace

BpeEncoder::BpeEncoder(const Vocabulary& vocabulary, bool ignore_merges)
    : numbers_(vocabulary.tokens.size() + vocabulary.merges.size() / 4),
      ignore_merges_(ignore_merges),
      characters_(vocabulary.model == "gemma4") {
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const std::optional<std::string> bytes = bytes_of(vocabulary.tokens[id]);
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
    const auto left = bytes_of(merge.substr(0, space));
    const auto right = bytes_of(merge.substr(space + 1));
    if (!left || !right || left->empty() || right->empty()) continue;
    add_merge(intern(*left), intern(*right), static_cast<std::int32_t>(rank), intern(*left + *right));
  }

  for (unsigned byte = 0; byte < 256; ++byte) {
    const std::string text =
        characters_ ? byte_token_text(static_cast<unsigned char>(byte)) : std::string(1, static_cast<char>(byte));
    const std::int32_t string = numbers_.find(text);
    byte_string_[byte] = string == TokenMap::kNone ? kUnknownString : string;
  }
}

std::optional<std::string> BpeEncoder::bytes_of(std::string_view text) const {
  return characters_ ? std::string(text) : bytes_of_text(text);
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

// The symbols that merging starts with.
void BpeEncoder::begin(std::string_view word, Scratch& scratch, WorkMeter* meter) const {
  SymbolSpans& symbols = scratch.symbols;
  std::vector<std::int32_t>& strings = scratch.strings;
  symbols.clear();
  strings.clear();
  scratch.heap.clear();
  symbols.reserve(word.size());
  strings.reserve(word.size());
  scratch.heap.reserve(word.size());
  while (symbols.size() < word.size()) {
    if (!step(meter)) return;
    const std::size_t at = symbols.size();
    if (!characters_) {
      symbols.append(1);
      strings.push_back(byte_string_[static_cast<unsigned char>(word[at])]);
      continue;
    }
    const std::size_t length = std::min(sequence_length(word[at]), word.size() - at);
    const std::int32_t string = numbers_.find(word.substr(at, length));
    symbols.append(static_cast<std::uint32_t>(length));
    strings.resize(symbols.size(), kUnknownString);
    if (string != TokenMap::kNone) strings[at] = string;
  }
}

void BpeEncoder::encode(std::string_view word, Scratch& scratch, std::vector<std::int32_t>& out,
                        WorkMeter* meter) const {
  if (word.empty()) return;
  if (ignore_merges_) {
    const std::int32_t token = token_of(numbers_.find(word));
    if (token >= 0) {
      out.push_back(token);
      return;
    }
  }

  SymbolSpans& symbols = scratch.symbols;
  std::vector<std::int32_t>& strings = scratch.strings;
  auto& heap = scratch.heap;
  begin(word, scratch, meter);
  if (symbols.size() < word.size()) return;  // cancelled

  // The merge of a symbol with the one after it; null: none.
  const auto merge_at = [&](std::uint32_t left) -> const Merge* {
    if (!symbols.begins(left) || symbols.next(left) == symbols.size()) return nullptr;
    return find_merge(strings[left], strings[symbols.next(left)]);
  };
  // No two pairs share a rank.
  const auto merge_of = [&](std::uint64_t candidate) -> const Merge* {
    const Merge* merge = merge_at(static_cast<std::uint32_t>(candidate));
    return merge != nullptr && static_cast<std::uint32_t>(merge->rank) == candidate >> 32 ? merge : nullptr;
  };
  const auto holds = [&](std::uint64_t candidate) { return merge_of(candidate) != nullptr; };
  // False: cancelled.
  const auto add_candidate = [&](std::uint32_t left) {
    const Merge* merge = merge_at(left);
    return merge == nullptr || heap.push(static_cast<std::uint64_t>(merge->rank) << 32 | left, holds, meter);
  };
  for (std::uint32_t symbol = 0; symbol < symbols.size(); symbol = symbols.next(symbol)) {
    if (!step(meter) || !add_candidate(symbol)) return;
  }

  while (!heap.empty()) {
    if (!step(meter, 3)) return;  // the heap, and up to three look-ups
    const std::uint64_t best = heap.pop();
    const Merge* merge = merge_of(best);
    if (merge == nullptr) continue;
    const auto left = static_cast<std::uint32_t>(best);
    symbols.join(left);
    strings[left] = merge->joint;
    if (left > 0 && !add_candidate(symbols.previous(left))) return;
    if (!add_candidate(left)) return;
  }

  for (std::uint32_t symbol = 0; symbol < symbols.size(); symbol = symbols.next(symbol)) {
    if (!step(meter)) return;
    const std::int32_t token = token_of(strings[symbol]);
    if (token >= 0) {
      out.push_back(token);
      continue;
    }
    for (const char byte : word.substr(symbol, symbols.length(symbol))) {
      const std::int32_t single = token_of(byte_string_[static_cast<unsigned char>(byte)]);
      if (single >= 0) out.push_back(single);
    }
  }
}

}  // namespace brim::text
