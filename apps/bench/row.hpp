// Everything that a benchmark knows about one test, and its form as JSON, from which all outputs are made.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "apps/bench/test.hpp"
#include "platform/program/board.hpp"

namespace brim::apps::bench {

struct Row {
  // What was measured.
  std::string file, model, quantisation;
  std::int64_t parameters = 0, weight_bytes = 0;
  Test test{};
  int threads = 0;
  std::string weights;  ///< private, shared or file
  std::string kv_type, kv_budget, kv_split, kv_keep, kv_read;
  std::int64_t context = 0;
  bool warm_up = false;  ///< a repetition that does not count (only with --step)

  // The results.
  std::vector<double> seconds;        ///< of each repetition
  std::vector<double> first_token;    ///< seconds to the first token of each repetition
  std::vector<double> token_seconds;  ///< between tokens, of all repetitions
  std::vector<double> chunk_seconds;  ///< of each chunk of a prompt, of the last repetition
  double load_seconds = 0;            ///< the model, and the session with all its memory
  std::int64_t kv_bytes = 0;          ///< max in use
  std::int64_t kv_budget_bytes = 0;   ///< reserved
  std::int64_t evicted = 0;           ///< entries evicted to fit the budget
  std::optional<std::int64_t> peak_bytes;

  // What the results are compared with.
  std::int64_t layer_weights = 0, output_weights = 0;
  std::int64_t token_bytes = 0;  ///< of weights, read for one generated token
  double cache_bytes = 0;        ///< of keys and values, read in a pass that generates, for all sequences
  double read_peak = 0;          ///< bytes per second
  int read_streams = 0;
  double int8_peak = 0;  ///< operations per second
  std::string cpu;
  platform::Board board;  ///< measured right after the last repetition
};

/// Tokens per second of each repetition.
std::vector<double> rates(const Row& row);

/// An object with a member per column; docs/benchmarking.md says what they mean. null: not measured in this test.
nlohmann::ordered_json to_json(const Row& row);

}  // namespace brim::apps::bench
