// See row.hpp.
#include "apps/bench/row.hpp"

#include <brim/brim.h>

#include <algorithm>
#include <cmath>

#include "apps/bench/commit.hpp"
#include "apps/bench/statistics.hpp"

namespace brim::apps::bench {
namespace {

using Json = nlohmann::ordered_json;

/// Four decimals are more than any clock here gives.
Json rounded(double value) { return std::round(value * 1e4) / 1e4; }

Json share(double value, double of) { return of > 0 ? rounded(100 * value / of) : Json(); }

}  // namespace

std::vector<double> rates(const Row& row) {
  std::vector<double> found;
  const auto tokens = static_cast<double>(row.test.tokens * row.test.sequences);
  for (const double seconds : row.seconds) found.push_back(tokens / std::max(seconds, 1e-9));
  return found;
}

Json to_json(const Row& row) {
  const bool generates = row.test.kind == Test::Kind::generation;
  const std::vector<double> each = rates(row);
  const double rate = median(each);
  const auto [min, max] = std::minmax_element(each.begin(), each.end());
  const auto milliseconds = [&](double seconds, bool measured) { return measured ? rounded(1e3 * seconds) : Json(); };
  // A prompt needs logits once, after its last token.
  const double outputs = generates ? 1.0 : 1.0 / static_cast<double>(std::max<std::int64_t>(row.test.tokens, 1));
  const double operations =
      2 * rate * (static_cast<double>(row.layer_weights) + outputs * static_cast<double>(row.output_weights));
  // Sequences that generate together read the weights once.
  const double passes = rate / static_cast<double>(row.test.sequences);
  const double bytes = passes * (static_cast<double>(row.token_bytes) + row.cache_bytes);
  Json samples = Json::array();
  for (const double sample : each) samples.push_back(rounded(sample));
  Json chunks = Json::array();
  for (const double tenth : range_medians(row.chunk_seconds, 10)) chunks.push_back(rounded(1e3 * tenth));
  Json json = {
      {"model", row.model},
      {"file", row.file},
      {"quantisation", row.quantisation},
      {"parameters", row.parameters},
      {"weight_bytes", row.weight_bytes},
      {"test", row.test.name()},
      {"prompt_tokens", generates ? 0 : row.test.tokens},
      {"generated_tokens", generates ? row.test.tokens : 0},
      {"depth", row.test.depth},
      {"sequences", row.test.sequences},
      {"threads", row.threads},
      {"weights", row.weights},
      {"kv_type", row.kv_type},
      {"kv_budget", row.kv_budget},
      {"kv_split", row.kv_split},
      {"kv_keep", row.kv_keep},
      {"kv_read", row.kv_read},
      {"context", row.context},
      {"repetitions", each.size()},
      {"tokens_per_second", rounded(rate)},
      {"tokens_per_second_min", each.empty() ? Json() : rounded(*min)},
      {"tokens_per_second_max", each.empty() ? Json() : rounded(*max)},
      {"samples", std::move(samples)},
      {"first_token_ms", milliseconds(median(row.first_token), !row.first_token.empty())},
      {"chunk_tenths_ms", std::move(chunks)},
      {"token_p50_ms", milliseconds(percentile(row.token_seconds, 0.5), generates)},
      {"token_p99_ms", milliseconds(percentile(row.token_seconds, 0.99), generates)},
      {"load_ms", milliseconds(row.load_seconds, true)},
      {"read_gb_per_second", generates ? rounded(bytes / 1e9) : Json()},
      {"read_peak_gb_per_second", rounded(row.read_peak / 1e9)},
      {"read_percent", generates ? share(bytes, row.read_peak) : Json()},
      {"read_streams", row.read_streams},
      {"gop_per_second", rounded(operations / 1e9)},
      {"int8_peak_gop_per_second", rounded(row.int8_peak / 1e9)},
      {"int8_percent", share(operations, row.int8_peak)},
      {"peak_rss_bytes", row.peak_bytes ? Json(*row.peak_bytes) : Json()},
      {"kv_bytes", row.kv_bytes},
      {"kv_budget_bytes", row.kv_budget_bytes},
      {"kv_evicted", row.evicted},
      {"cpu_celsius", row.board.celsius ? rounded(*row.board.celsius) : Json()},
      {"cpu_mhz", row.board.megahertz ? rounded(*row.board.megahertz) : Json()},
      {"cpu", row.cpu},
      {"isa", brim_isa()},
      {"version", brim_version()},
      {"commit", kCommit},
  };
  if (row.warm_up) json["warm_up"] = true;
  return json;
}

}  // namespace brim::apps::bench
