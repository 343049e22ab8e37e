// See spm.hpp.
#include "engine/text/spm.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/text/byte_alphabet.hpp"
#include "engine/text/candidate_heap.hpp"
#include "engine/text/symbol_spans.hpp"
#include "engine/text/unicode.hpp"

namespace brim::text {
namespace {

// A symbol and the one after it, which would make a token. Overtaken when one of them has grown or gone since: the length tells.
struct Candidate {
  float score;
  std::uint32_t left, length;
};

struct Worse {
  bool operator()(const Candidate& a, const Candidate& b) const {
    return a.score < b.score || (a.score == b.score && a.left > b.left);
  }
};

}  // namespace

SpmEncoder::SpmEncoder(const Vocabulary& vocabulary)
    : tokens_(vocabulary.tokens.size()), scores_(vocabulary.tokens.size()) {
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    tokens_.insert(vocabulary.tokens[id], static_cast<std::int32_t>(id));
    if (id < vocabulary.scores.size()) scores_[id] = vocabulary.scores[id];
    if (std::isnan(scores_[id])) scores_[id] = -std::numeric_limits<float>::infinity();
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char plain = static_cast<char>(byte);
    std::int32_t id = tokens_.find(byte_token_text(static_cast<unsigned char>(byte)));
    if (id == TokenMap::kNone) id = tokens_.find({&plain, 1});
    byte_tokens_[byte] = id == TokenMap::kNone ? vocabulary.unknown : id;
  }
}

void SpmEncoder::encode(std::string_view text, std::vector<std::int32_t>& out, WorkMeter* meter) const {
  SymbolSpans symbols;
  symbols.reserve(text.size());
  std::size_t characters = 0;
  while (symbols.size() < text.size()) {
    if (!step(meter)) return;
    const std::size_t length = std::min(sequence_length(text[symbols.size()]), text.size() - symbols.size());
    symbols.append(static_cast<std::uint32_t>(length));
    ++characters;
  }

  CandidateHeap<Candidate, Worse> heap;
  heap.reserve(characters);
  const auto holds = [&](const Candidate& candidate) {
    if (!symbols.begins(candidate.left)) return false;
    const std::uint32_t right = symbols.next(candidate.left);
    return right < symbols.size() && symbols.length(candidate.left) + symbols.length(right) == candidate.length;
  };
  // False: cancelled.
  const auto add_candidate = [&](std::uint32_t left) {
    const std::uint32_t right = symbols.next(left);
    if (right == symbols.size()) return true;
    const std::uint32_t length = symbols.length(left) + symbols.length(right);
    const std::int32_t token = tokens_.find(text.substr(left, length));
    if (token == TokenMap::kNone) return true;
    return heap.push({scores_[static_cast<std::size_t>(token)], left, length}, holds, meter);
  };
  for (std::uint32_t symbol = 0; symbol < symbols.size(); symbol = symbols.next(symbol)) {
    if (!step(meter) || !add_candidate(symbol)) return;
  }

  while (!heap.empty()) {
    if (!step(meter, 2)) return;  // the heap, and up to two look-ups
    const Candidate best = heap.pop();
    if (!holds(best)) continue;
    symbols.join(best.left);
    if (best.left > 0 && !add_candidate(symbols.previous(best.left))) return;
    if (!add_candidate(best.left)) return;
  }

  for (std::uint32_t symbol = 0; symbol < symbols.size(); symbol = symbols.next(symbol)) {
    if (!step(meter)) return;
    const std::string_view piece = text.substr(symbol, symbols.length(symbol));
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
