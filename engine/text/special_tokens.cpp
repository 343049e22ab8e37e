// See special_tokens.hpp. A vocabulary has hundreds of special tokens and a text has few of them: an Aho-Corasick pass finds, in
// linear time, the longest one that begins at each place. They are then taken in the order of their precedence.
#include "engine/text/special_tokens.hpp"

#include <algorithm>

namespace brim::text {
namespace {

constexpr std::size_t kPlainBytes = 64;  // bytes that end no token: skipped in one unit of work

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// The byte of `text` at `depth` from its end.
unsigned char from_end(std::string_view text, std::size_t depth) {
  return static_cast<unsigned char>(text[text.size() - 1 - depth]);
}

bool before_from_end(std::string_view a, std::string_view b) {
  return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend(), [](char x, char y) {
    return static_cast<unsigned char>(x) < static_cast<unsigned char>(y);
  });
}

}  // namespace

SpecialTokens::SpecialTokens(const Vocabulary& vocabulary, const TokenRoles& roles) {
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const std::uint8_t bits = roles.bits[id];
    if (!(bits & (kControlToken | kUserDefinedToken | kUnknownToken)) || vocabulary.tokens[id].empty()) continue;
    specials_.push_back({vocabulary.tokens[id], static_cast<std::int32_t>(id), bits});
    ends_[from_end(vocabulary.tokens[id], 0)] = true;
  }
  std::stable_sort(specials_.begin(), specials_.end(),
                   [](const Special& a, const Special& b) { return a.text.size() > b.text.size(); });
  build_automaton();
}

void SpecialTokens::build_automaton() {
  // Sorted from their ends, the texts below one node of the trie are one range: nodes are created breadth first from
  // these ranges.
  std::vector<std::uint32_t> order(specials_.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return before_from_end(specials_[a].text, specials_[b].text);
  });
  struct Range {
    std::size_t begin, end, depth;
  };
  std::vector<Range> ranges{{0, order.size(), 0}};
  nodes_.emplace_back();
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    auto [begin, end, depth] = ranges[node];
    nodes_[node].first_edge = static_cast<std::uint32_t>(edges_.size());
    for (; begin < end && specials_[order[begin]].text.size() == depth; ++begin) {
      for (int choice = 0; choice < kChoices; ++choice) {
        if (nodes_[node].complete[choice] != 0 || !is_in(specials_[order[begin]], choice)) continue;
        nodes_[node].complete[choice] = static_cast<std::uint32_t>(node);
        nodes_[node].special[choice] = order[begin];
      }
    }
    while (begin < end) {
      const unsigned char byte = from_end(specials_[order[begin]].text, depth);
      std::size_t after = begin;
      while (after < end && from_end(specials_[order[after]].text, depth) == byte) ++after;
      edges_.push_back({byte, static_cast<std::uint32_t>(nodes_.size())});
      nodes_.emplace_back();
      ranges.push_back({begin, after, depth + 1});
      begin = after;
    }
    nodes_[node].edge_count = static_cast<std::uint32_t>(edges_.size()) - nodes_[node].first_edge;
  }
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    for (std::uint32_t e = nodes_[node].first_edge; e < nodes_[node].first_edge + nodes_[node].edge_count; ++e) {
      Node& target = nodes_[edges_[e].target];
      target.fallback = node == 0 ? 0 : step(nodes_[node].fallback, edges_[e].byte);
      for (int choice = 0; choice < kChoices; ++choice) {
        if (target.complete[choice] == 0) target.complete[choice] = nodes_[target.fallback].complete[choice];
      }
    }
  }
}

std::uint32_t SpecialTokens::step(std::uint32_t node, unsigned char byte) const {
  while (true) {
    const Edge* first = edges_.data() + nodes_[node].first_edge;
    const Edge* last = first + nodes_[node].edge_count;
    const Edge* edge = std::lower_bound(first, last, byte, [](const Edge& e, unsigned char b) { return e.byte < b; });
    if (edge != last && edge->byte == byte) return edge->target;
    if (node == 0) return 0;
    node = nodes_[node].fallback;
  }
}

bool SpecialTokens::is_in(const Special& special, int choice) {
  const bool control = (special.roles & (kControlToken | kUnknownToken)) != 0;
  return choice == kAll || (choice == kUserDefined ? !control : control && special.text.size() > 1);
}

template <class Visit>
void SpecialTokens::each_begin(std::string_view text, Choice choice, WorkMeter* meter, Visit visit) const {
  std::uint32_t node = 0;
  for (std::size_t begin = text.size(); begin-- > 0;) {
    if (begin % kPlainBytes == 0 && !brim::step(meter)) return;
    const auto byte = static_cast<unsigned char>(text[begin]);
    if (node == 0 && !ends_[byte]) continue;
    if (!brim::step(meter)) return;
    node = step(node, byte);
    if (const std::uint32_t complete = nodes_[node].complete[choice]; complete != 0) visit(complete, begin);
  }
}

std::vector<Fragment> SpecialTokens::partition(std::string_view text, bool parse_special, WorkMeter* meter) const {
  std::vector<Fragment> fragments;
  if (text.empty()) return fragments;
  const Choice choice = parse_special ? kAll : kUserDefined;
  std::vector<Candidate> heap;
  each_begin(text, choice, meter, [&](std::uint32_t node, std::size_t begin) {
    heap.push_back({node, static_cast<std::uint32_t>(begin)});
  });
  if (heap.empty()) {
    fragments.push_back({-1, 0, text.size()});
    return fragments;
  }
  // First what is longer, then what comes first in the vocabulary, then what stands first in the text.
  const auto later = [&](const Candidate& a, const Candidate& b) {
    const std::uint32_t first = nodes_[a.node].special[choice], second = nodes_[b.node].special[choice];
    return first != second ? first > second : a.begin > b.begin;
  };
  std::make_heap(heap.begin(), heap.end(), later);
  std::vector<bool> taken(text.size());
  std::vector<Fragment> tokens;
  while (!heap.empty()) {
    if (!brim::step(meter)) return fragments;
    std::pop_heap(heap.begin(), heap.end(), later);
    Candidate& best = heap.back();
    const Special& special = specials_[nodes_[best.node].special[choice]];
    const std::size_t begin = best.begin;
    std::size_t end = begin + special.text.size();
    // What was taken before is as long or longer, so that it cannot lie between two ends that are free.
    if (!taken[begin] && taken[end - 1]) {
      best.node = nodes_[nodes_[best.node].fallback].complete[choice];
      if (best.node != 0) {
        std::push_heap(heap.begin(), heap.end(), later);
        continue;
      }
    } else if (!taken[begin]) {
      tokens.push_back({special.id, begin, end});
      while ((special.roles & kStripsRight) && end < text.size() && !taken[end] && is_space(text[end])) ++end;
      for (std::size_t at = begin; at < end; ++at) taken[at] = true;
    }
    heap.pop_back();
  }
  std::sort(tokens.begin(), tokens.end(), [](const Fragment& a, const Fragment& b) { return a.begin < b.begin; });
  fragments.reserve(tokens.size() * 2 + 1);
  std::size_t done = 0;
  const auto add_text_before = [&](std::size_t next) {
    while (done < next && taken[done]) ++done;  // white space that the token before has dropped
    if (done < next) fragments.push_back({-1, done, next});
  };
  for (const Fragment& token : tokens) {
    if (!brim::step(meter)) return fragments;
    add_text_before(token.begin);
    fragments.push_back(token);
    done = token.end;
  }
  add_text_before(text.size());
  return fragments;
}

std::vector<std::size_t> SpecialTokens::control_starts(std::string_view text, WorkMeter* meter) const {
  std::vector<std::size_t> starts;
  each_begin(text, kControl, meter, [&](std::uint32_t, std::size_t begin) { starts.push_back(begin); });
  std::reverse(starts.begin(), starts.end());
  return starts;
}

}  // namespace brim::text
