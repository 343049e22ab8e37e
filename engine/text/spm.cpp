// See spm.hpp.
#include "engine/text/spm.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/text/unicode.hpp"

namespace brim::text {
namespace {

constexpr std::uint32_t kNobody = std::numeric_limits<std::uint32_t>::max();

// A run of characters that is one symbol by now; length 0: swallowed by its left neighbour.
struct Symbol {
  std::uint32_t offset, length, previous, next;
};

// A symbol and the one after it, which would make a token. Stale when one of them has grown or gone since (the length tells).
struct Candidate {
  float score;
  std::uint32_t left, length;
};

struct Worse {
  bool operator()(const Candidate& a, const Candidate& b) const {
    return a.score < b.score || (a.score == b.score && a.left > b.left);
  }
};

std::array<char, 6> byte_token_text(unsigned byte) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  return {'<', '0', 'x', kDigits[byte >> 4], kDigits[byte & 15], '>'};
}

}  // namespace

SpmEncoder::SpmEncoder(const Vocabulary& vocabulary)
    : tokens_(vocabulary.tokens.size()), scores_(vocabulary.tokens.size()) {
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    tokens_.insert(vocabulary.tokens[id], static_cast<std::int32_t>(id));
    if (id < vocabulary.scores.size()) scores_[id] = vocabulary.scores[id];
    if (std::isnan(scores_[id])) scores_[id] = -std::numeric_limits<float>::infinity();
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    const auto text = byte_token_text(byte);
    const char plain = static_cast<char>(byte);
    std::int32_t id = tokens_.find({text.data(), text.size()});
    if (id == TokenMap::kNone) id = tokens_.find({&plain, 1});
    byte_tokens_[byte] = id == TokenMap::kNone ? vocabulary.unknown : id;
  }
}

void SpmEncoder::encode(std::string_view text, std::vector<std::int32_t>& out, WorkMeter* meter) const {
  const auto length_at = [&](std::size_t offset) { return std::min(sequence_length(text[offset]), text.size() - offset); };
  std::size_t characters = 0;
  for (std::size_t offset = 0; offset < text.size(); offset += length_at(offset)) ++characters;
  std::vector<Symbol> symbols;
  symbols.reserve(characters);
  for (std::size_t offset = 0; offset < text.size(); offset += length_at(offset)) {
    const auto index = static_cast<std::uint32_t>(symbols.size());
    symbols.push_back({static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(length_at(offset)), index - 1, index + 1});
  }
  if (symbols.empty()) return;
  symbols.front().previous = kNobody;
  symbols.back().next = kNobody;

  std::vector<Candidate> heap;
  heap.reserve(characters);
  const auto candidate = [&](std::uint32_t left) {
    if (symbols[left].next == kNobody) return false;
    const std::size_t length = std::size_t{symbols[left].length} + symbols[symbols[left].next].length;
    const std::int32_t token = tokens_.find(text.substr(symbols[left].offset, length));
    if (token == TokenMap::kNone) return false;
    heap.push_back({scores_[static_cast<std::size_t>(token)], left, static_cast<std::uint32_t>(length)});
    return true;
  };
  for (std::uint32_t i = 0; i + 1 < symbols.size(); ++i) {
    if (!step(meter)) return;
    candidate(i);
  }
  std::make_heap(heap.begin(), heap.end(), Worse{});

  while (!heap.empty()) {
    if (!step(meter, 2)) return;  // the heap, and up to two look-ups
    std::pop_heap(heap.begin(), heap.end(), Worse{});
    const Candidate best = heap.back();
    heap.pop_back();
    Symbol& left = symbols[best.left];
    if (left.length == 0 || left.next == kNobody) continue;
    Symbol& right = symbols[left.next];
    if (left.length + right.length != best.length) continue;
    left.length = best.length;
    right.length = 0;
    left.next = right.next;
    if (left.next != kNobody) symbols[left.next].previous = best.left;
    if (left.previous != kNobody && candidate(left.previous)) std::push_heap(heap.begin(), heap.end(), Worse{});
    if (candidate(best.left)) std::push_heap(heap.begin(), heap.end(), Worse{});
  }

  for (std::uint32_t i = 0; i != kNobody; i = symbols[i].next) {
    if (!step(meter)) return;
    const std::string_view piece = text.substr(symbols[i].offset, symbols[i].length);
    const std::int32_t token = tokens_.find(piece);
    if (token != TokenMap::kNone) {
      out.push_back(token);
      continue;
    }
    for (const char byte : piece) {
      const std::int32_t id = byte_tokens_[static_cast<unsigned char>(byte)];
      if (id >= 0) out.push_back(id);
    }
  }
}

}  // namespace brim::text
