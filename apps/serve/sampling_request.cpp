// See sampling_request.hpp.
#include "apps/serve/sampling_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "apps/serve/reply.hpp"
#include "engine/base/number_text.hpp"
#include "engine/base/quote.hpp"

namespace brim::apps::serve {
namespace {

constexpr std::int64_t kMaxTokens = std::int64_t{1} << 40;
constexpr std::size_t kMaxStops = 16, kMaxBiases = 1024;

struct NumberField {
  const char *name, *key;
  double min, max;
};
constexpr NumberField kNumbers[] = {
    {"temperature", "temperature", 0, 1e6},
    {"top_p", "top_p", 0, 1},
    {"min_p", "min_p", 0, 1},
    {"typical_p", "typical_p", 0, 1},
    {"repeat_penalty", "repeat_penalty", 1e-6, 1e6},
    {"presence_penalty", "presence_penalty", -2, 2},
    {"frequency_penalty", "frequency_penalty", -2, 2},
    {"xtc_probability", "xtc_probability", 0, 1},
    {"xtc_threshold", "xtc_threshold", 0, 1},
};

void read_biases(Fields& fields, AnswerRequest& request) {
  const Json* const biases = fields.find("logit_bias");
  if (biases == nullptr) return;
  const std::string place = fields.place("logit_bias");
  if (!biases->is_object()) refuse_kind(place, "an object of token ids and numbers", *biases);
  if (biases->size() > kMaxBiases) refuse_field(place, fmt::format("has more than {} entries", kMaxBiases));
  for (const auto& [id, bias] : biases->items()) {
    const auto token = parse_integer<std::int32_t>(id);
    if (!token || *token < 0) refuse_field(place, fmt::format("has {} in place of a token id", quoted(id)));
    request.max_bias_id = std::max(request.max_bias_id, *token);
    if (!bias.is_number()) refuse_kind(place + "." + id, "a number from -100 to 100", bias);
    const double value = bias.get<double>();
    if (!(value >= -100 && value <= 100)) refuse_field(place, "has a bias that is not from -100 to 100");
    request.options.emplace_back("logit_bias", fmt::format("{}{}{}", *token, value < 0 ? "" : "+", bias.dump()));
  }
}

void read_seed(Fields& fields, AnswerRequest& request) {
  const Json* const seed = fields.find("seed");
  if (seed == nullptr) return;
  if (!seed->is_number_integer()) refuse_kind(fields.place("seed"), "a whole number", *seed);
  const bool negative = !seed->is_number_unsigned();
  if (negative && seed->get<std::int64_t>() == -1) return;  // at random, as for the commands
  request.seed =
      seed->is_number_unsigned() ? seed->get<std::uint64_t>() : static_cast<std::uint64_t>(seed->get<std::int64_t>());
}

}  // namespace

void read_stops(Fields& fields, const std::string& name, AnswerRequest& request) {
  const Json* const stop = fields.find(name);
  if (stop == nullptr) return;
  const std::string place = fields.place(name);
  const Json stops = stop->is_string() ? Json::array({*stop}) : *stop;
  if (!stops.is_array()) refuse_kind(place, "a string or an array of strings", *stop);
  if (stops.size() > kMaxStops) refuse_field(place, fmt::format("has more than {} texts", kMaxStops));
  for (const Json& text : stops) {
    if (!text.is_string()) refuse_kind(place, "a string or an array of strings", text);
    const auto& bytes = text.get_ref<const std::string&>();
    if (bytes.empty()) refuse_field(place, "has an empty text, which would end every answer");
    if (bytes.find('\0') != std::string::npos) refuse_field(place, "has a text with a NUL in it");
    request.options.emplace_back("stop", bytes);
  }
}

void read_limit(Fields& fields, const std::string& name, AnswerRequest& request, std::int64_t min) {
  const auto limit = fields.integer(name, min, kMaxTokens);
  if (limit && *limit == 0) refuse_field(fields.place(name), "is 0: expected at least 1 token");
  if (limit && *limit > 0) request.limit = *limit;
}

void read_sampling(Fields& fields, AnswerRequest& request) {
  for (const NumberField& field : kNumbers) {
    if (auto value = fields.number(field.name, field.min, field.max)) {
      request.options.emplace_back(field.key, std::move(*value));
    }
  }
  if (const auto count = fields.integer("top_k", -1, std::numeric_limits<std::int32_t>::max())) {
    request.options.emplace_back("top_k", fmt::format("{}", *count < 0 ? 0 : *count));
  }
  if (const auto count = fields.integer("repeat_last_n", -1, std::numeric_limits<std::int32_t>::max())) {
    request.options.emplace_back("repeat_last_n", fmt::format("{}", *count));
  }
  if (const auto ignore = fields.flag("ignore_eos")) {
    request.options.emplace_back("stop.ignore_eos", *ignore ? "1" : "0");
  }
  read_biases(fields, request);
  read_seed(fields, request);
}

}  // namespace brim::apps::serve
