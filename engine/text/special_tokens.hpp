// Finds special tokens in text and cuts it around them, before the rest is encoded. Longer tokens go first over the
// whole text, as in llama.cpp; a token's own text is never split by a shorter one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/work_meter.hpp"
#include "engine/text/token_roles.hpp"
#include "engine/text/vocabulary.hpp"

namespace brim::text {

/// A token, or (token < 0) the text [begin, end) that still has to be encoded.
struct Fragment {
  std::int32_t token = -1;
  std::size_t begin = 0, end = 0;
};

/// Immutable after construction; all functions are safe to call from several threads.
class SpecialTokens {
 public:
  /// Takes the control, unknown and user-defined tokens, with copies of their texts.
  SpecialTokens(const Vocabulary& vocabulary, const TokenRoles& roles);

  /// The fragments of `text` in order; an empty text has none. Control and unknown tokens are found only with
  /// `parse_special`, user-defined ones always. O(n log n), whatever the tokens are. At most 2^32 − 1 bytes. Incomplete when
  /// `meter` is cancelled.
  std::vector<Fragment> partition(std::string_view text, bool parse_special, WorkMeter* meter = nullptr) const;

  /// The places of `text`, in order, where the text of a control or unknown token of more than one byte begins. Linear
  /// time. Incomplete when `meter` is cancelled.
  std::vector<std::size_t> control_starts(std::string_view text, WorkMeter* meter = nullptr) const;

 private:
  struct Special {
    std::string text;
    std::int32_t id;
    std::uint8_t roles;
  };
  // Which tokens to look for: all of them, the user-defined ones, or what must not come from a user (longer than a
  // byte).
  enum Choice { kAll, kUserDefined, kControl, kChoices };
  // A node of the Aho-Corasick automaton over all texts read from their ends; its edges are a range of edges_, sorted
  // by byte. A text is scanned from its end to its beginning, so that the node reached at a place tells which tokens
  // begin there.
  struct Node {
    std::uint32_t first_edge = 0, edge_count = 0;
    std::uint32_t fallback = 0;
    // Per choice: this node, or the next one along the fallbacks, where a token's text is complete (0: none), and if it is
    // this node, the first such token in specials_.
    std::uint32_t complete[kChoices] = {}, special[kChoices] = {};
  };
  struct Edge {
    unsigned char byte;
    std::uint32_t target;
  };
  // A token that may begin at a place.
  struct Candidate {
    std::uint32_t node, begin;
  };

  void build_automaton();
  std::uint32_t step(std::uint32_t node, unsigned char byte) const;
  static bool is_in(const Special& special, int choice);
  /// Calls visit(node, begin) for each place where a token begins, from the last to the first; the node is the longest one's.
  template <class Visit>
  void each_begin(std::string_view text, Choice choice, WorkMeter* meter, Visit visit) const;

  std::vector<Special> specials_;  // longest first
  std::vector<Node> nodes_;        // breadth first: a node's fallback comes before it
  std::vector<Edge> edges_;
  bool ends_[256] = {};  // bytes that end a special token
};

}  // namespace brim::text
