// See special_tokens.hpp. A vocabulary has hundreds of special tokens and a text has few of them: an Aho-Corasick pass
// tells in linear time which occur at all, and only those are searched for.
#include "engine/text/special_tokens.hpp"

#include <string.h>  // memmem, which is linear whatever the strings are (GNU)

#include <algorithm>

namespace brim::text {
namespace {

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// The first place of `text` in [begin, end) of `in`, or npos.
std::size_t find_within(std::string_view in, std::size_t begin, std::size_t end, std::string_view text) {
  const void* found = ::memmem(in.data() + begin, end - begin, text.data(), text.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<std::size_t>(static_cast<const char*>(found) - in.data());
}

}  // namespace

SpecialTokens::SpecialTokens(const Vocabulary& vocabulary, const TokenRoles& roles) {
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const std::uint8_t bits = roles.bits[id];
    if (!(bits & (kControlToken | kUserDefinedToken | kUnknownToken)) || vocabulary.tokens[id].empty()) continue;
    specials_.push_back({vocabulary.tokens[id], static_cast<std::int32_t>(id), bits});
    starts_[static_cast<unsigned char>(vocabulary.tokens[id][0])] = true;
  }
  std::stable_sort(specials_.begin(), specials_.end(),
                   [](const Special& a, const Special& b) { return a.text.size() > b.text.size(); });
  build_automaton();
}

void SpecialTokens::build_automaton() {
  // Sorted by text, the texts below one node of the trie are one range: nodes are made breadth first from such ranges.
  std::vector<std::uint32_t> order(specials_.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return specials_[a].text < specials_[b].text; });
  struct Range {
    std::size_t begin, end, depth;
  };
  std::vector<Range> ranges{{0, order.size(), 0}};
  end_node_.assign(specials_.size(), 0);
  nodes_.emplace_back();
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    auto [begin, end, depth] = ranges[node];
    nodes_[node].first_edge = static_cast<std::uint32_t>(edges_.size());
    while (begin < end && specials_[order[begin]].text.size() == depth)
      end_node_[order[begin++]] = static_cast<std::uint32_t>(node);
    while (begin < end) {
      const char byte = specials_[order[begin]].text[depth];
      std::size_t after = begin;
      while (after < end && specials_[order[after]].text[depth] == byte) ++after;
      edges_.push_back({static_cast<unsigned char>(byte), static_cast<std::uint32_t>(nodes_.size())});
      nodes_.emplace_back();
      ranges.push_back({begin, after, depth + 1});
      begin = after;
    }
    nodes_[node].edge_count = static_cast<std::uint32_t>(edges_.size()) - nodes_[node].first_edge;
  }
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    for (std::uint32_t e = nodes_[node].first_edge; e < nodes_[node].first_edge + nodes_[node].edge_count; ++e) {
      nodes_[edges_[e].target].fallback = node == 0 ? 0 : step(nodes_[node].fallback, edges_[e].byte);
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

std::vector<bool> SpecialTokens::occurring(std::string_view text) const {
  std::vector<bool> reached(nodes_.size());
  std::uint32_t node = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (node == 0 && !starts_[byte]) continue;
    node = step(node, byte);
    reached[node] = true;
  }
  for (std::size_t i = nodes_.size(); i-- > 1;) {
    if (reached[i]) reached[nodes_[i].fallback] = true;
  }
  std::vector<bool> occurs(specials_.size());
  for (std::size_t i = 0; i < specials_.size(); ++i) occurs[i] = reached[end_node_[i]];
  return occurs;
}

std::vector<Fragment> SpecialTokens::partition(std::string_view text, bool parse_special) const {
  std::vector<Fragment> fragments;
  if (text.empty()) return fragments;
  fragments.push_back({-1, 0, text.size()});
  const std::vector<bool> occurs = occurring(text);
  std::vector<Fragment> next;
  for (std::size_t i = 0; i < specials_.size(); ++i) {
    const Special& special = specials_[i];
    if (!occurs[i] || (!parse_special && (special.roles & (kControlToken | kUnknownToken)))) continue;
    next.clear();
    for (const Fragment& fragment : fragments) {
      std::size_t begin = fragment.begin;
      while (fragment.token < 0 && begin < fragment.end) {
        const std::size_t found = find_within(text, begin, fragment.end, special.text);
        if (found == std::string_view::npos) break;
        if (found > begin) next.push_back({-1, begin, found});
        next.push_back({special.id, found, found + special.text.size()});
        begin = found + special.text.size();
        while ((special.roles & kStripsRight) && begin < fragment.end && is_space(text[begin])) ++begin;
      }
      if (fragment.token >= 0 || begin < fragment.end) next.push_back({fragment.token, begin, fragment.end});
    }
    fragments.swap(next);
  }
  return fragments;
}

}  // namespace brim::text
