// The sequences that a test works on: one session, or several that generate in passes that all of them share, each at
// the same depth after a text of its own.
#pragma once

#include <brim/brim.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "apps/bench/prompt_tokens.hpp"
#include "apps/terminal/status_line.hpp"

namespace brim::apps::bench {

/// The configuration of the cache, in the words of brim.h.
struct KvSettings {
  std::string type = "f16", budget = "full", split = "uniform", keep = "window", read = "all";
};

/// Where tests begin.
struct Beginning {
  KvSettings kv;
  std::int64_t depth;      ///< tokens in the cache of each sequence
  std::int64_t context;    ///< positions, enough for the depth and the longest test
  std::int64_t sequences;  ///< at least 1
};

class Sequences {
 public:
  /// Throws brim::Exception, and Failure (2) for a vocabulary without ordinary words.
  Sequences(const Model& model, const Beginning& beginning);
  /// Seconds that creating the sessions took.
  double seconds_to_open() const { return seconds_to_open_; }

  /// The first sequence, which is the one of all tests that need only one.
  Session& first() { return all_.front().session; }
  const Session& first() const { return all_.front().session; }
  /// The next ids of its text.
  std::vector<std::int32_t> ids(std::int64_t count) { return all_.front().ids.take(count); }

  /// Brings the first `count` sequences to the depth, by going back where that is possible.
  void go_to_depth(std::int64_t count, StatusLine& status);

  /// Each of the first `count` sequences processes one more token and chooses the one that follows, so that the next
  /// pass is one of all of them.
  void begin_together(std::int64_t count);
  /// One pass: each of these sequences processes the token that it chose and chooses the next one. Throws
  /// brim::Exception where one of them gets no token.
  void step_together(std::int64_t count);

  /// Sums over the first `count` sequences.
  struct Totals {
    std::int64_t kv_peak_bytes = 0, kv_budget_bytes = 0, evicted = 0;
    double cache_bytes = 0;  ///< keys and values that a pass reads
  };
  Totals totals(std::int64_t count) const;

 private:
  struct Sequence {
    PromptTokens ids;
    Session session;
    bool filled = false;
  };
  void bring_to_depth(Sequence& sequence, StatusLine& status);

  std::int64_t depth_;
  std::string kv_read_;
  double seconds_to_open_ = 0;
  std::vector<Sequence> all_;
};

}  // namespace brim::apps::bench
