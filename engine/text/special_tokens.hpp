// Finds special tokens in text and cuts it around them, before the rest is encoded. Longer tokens go first over the
// whole text, as in llama.cpp; a token's own text is never split by a shorter one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/token_roles.hpp"
#include "engine/text/vocabulary.hpp"

namespace brim::text {

/// A token, or (token < 0) the text [begin, end) that is still to be encoded.
struct Fragment {
  std::int32_t token = -1;
  std::size_t begin = 0, end = 0;
};

/// Immutable after construction; partition is safe to call from several threads.
class SpecialTokens {
 public:
  /// Takes the control, unknown and user-defined tokens, with copies of their texts.
  SpecialTokens(const Vocabulary& vocabulary, const TokenRoles& roles);

  /// The fragments of `text` in order; an empty text has none. Control and unknown tokens are found only with
  /// `parse_special`, user-defined ones always.
  std::vector<Fragment> partition(std::string_view text, bool parse_special) const;

 private:
  struct Special {
    std::string text;
    std::int32_t id;
    std::uint8_t roles;
  };
  // A node of the Aho-Corasick automaton over all texts; its edges are a range of edges_, sorted by byte.
  struct Node {
    std::uint32_t first_edge = 0, edge_count = 0;
    std::uint32_t fallback = 0;
  };
  struct Edge {
    unsigned char byte;
    std::uint32_t target;
  };

  void build_automaton();
  std::uint32_t step(std::uint32_t node, unsigned char byte) const;
  std::vector<bool> occurring(std::string_view text) const;

  std::vector<Special> specials_;        // longest first
  std::vector<std::uint32_t> end_node_;  // per special: the node its text ends in
  std::vector<Node> nodes_;              // breadth first: a node's fallback comes before it
  std::vector<Edge> edges_;
  bool starts_[256] = {};  // bytes that begin a special token
};

}  // namespace brim::text
