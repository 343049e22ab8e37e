// A session at one depth and the tests that begin there: the cache is filled once, every repetition starts from the same
// place, and the clock runs only while the engine works.
#pragma once

#include <brim/brim.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "apps/bench/peak_memory.hpp"
#include "apps/bench/peaks.hpp"
#include "apps/bench/prompt_tokens.hpp"
#include "apps/bench/row.hpp"
#include "apps/terminal/status_line.hpp"

namespace brim::apps::bench {

/// The configuration of the cache, in the words of brim.h.
struct KvSettings {
  std::string type = "f16", budget = "full", split = "uniform", keep = "window", read = "all";
};

struct Repetitions {
  int count = 5;
  bool warm_up = true;
  /// Called before each repetition, including the warm-up; returning false ends the run. There is then one row per
  /// repetition. May be empty.
  std::function<bool()> wait;
};

class Runner {
 public:
  /// `context`: min number of positions, enough for the depth and the longest test. `row`: what all rows of this
  /// session have in common; the members that describe the session are filled in here. Throws brim::Exception.
  Runner(const Model& model, const KvSettings& kv, std::int64_t depth, std::int64_t context, Row row,
         PeakMemory& memory, Peaks& peaks);

  /// Measures `test`, which begins at this session's depth, and hands out its rows. Returns false when `wait` ended the
  /// run. Throws brim::Exception, with BRIM_CANCELLED after Ctrl-C.
  bool run(const Test& test, const Repetitions& repetitions, const std::function<void(const Row&)>& add);

 private:
  void go_to_depth();
  void repeat(Row& row);
  double cache_bytes() const;
  Row row_of(const Test& test) const;
  void hand_out(Row& row, const std::function<void(const Row&)>& add);

  std::int64_t depth_;
  Row common_;
  PeakMemory& memory_;
  Peaks& peaks_;
  StatusLine status_;
  PromptTokens ids_;
  Session session_;
  bool filled_ = false;
};

}  // namespace brim::apps::bench
