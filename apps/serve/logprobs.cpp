// See logprobs.hpp.
#include "apps/serve/logprobs.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "apps/serve/reply.hpp"

namespace brim::apps::serve {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::int64_t kMaxTop = 20;
constexpr double kImpossible = -9999;  // for minus infinity, which JSON does not have, as OpenAI's interface writes it

double number_of(const TextLogprob& one) {
  return std::isfinite(one.logprob) ? static_cast<double>(one.logprob) : kImpossible;
}

OrderedJson chat_entry(const TextLogprob& one) {
  OrderedJson bytes = OrderedJson::array();
  for (const char byte : one.bytes) bytes.push_back(static_cast<unsigned char>(byte));
  return {{"token", one.bytes}, {"logprob", number_of(one)}, {"bytes", std::move(bytes)}};
}

/// Characters that begin in these bytes.
std::int64_t characters_of(const std::string& bytes) {
  return std::count_if(bytes.begin(), bytes.end(),
                       [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; });
}

}  // namespace

PieceLogprobs logprobs_of(const brim_event& event) {
  PieceLogprobs found;
  found.reserve(event.logprobs_count);
  for (std::size_t i = 0; i < event.logprobs_count; ++i) {
    const brim_logprob& one = event.logprobs[i];
    found.push_back({std::string(one.bytes, one.bytes_size), one.logprob});
  }
  return found;
}

std::optional<std::int32_t> read_logprobs(Fields& fields, bool chat) {
  if (!chat) {
    const auto count = fields.integer("logprobs", 0, kMaxTop);
    return count ? std::optional(static_cast<std::int32_t>(*count)) : std::nullopt;
  }
  const bool wanted = fields.flag("logprobs").value_or(false);
  const std::int64_t count = fields.integer("top_logprobs", 0, kMaxTop).value_or(0);
  if (count > 0 && !wanted) refuse_field("top_logprobs", "needs \"logprobs\": true");
  return wanted ? std::optional(static_cast<std::int32_t>(count)) : std::nullopt;
}

OrderedJson AnswerLogprobs::add(const PieceLogprobs& logprobs, const Taken& taken) {
  if (!logprobs.empty() && !taken.end_token) {
    waiting_.push_back({logprobs, token_bytes_});
    token_bytes_ += logprobs[0].bytes.size();
  }
  text_bytes_ += taken.text;
  const bool all = taken.ends && !taken.stopped;
  std::vector<PieceLogprobs> due;
  while (!waiting_.empty() && (all || waiting_.front().begin < text_bytes_)) {
    due.push_back(std::move(waiting_.front().logprobs));
    waiting_.erase(waiting_.begin());
  }
  if (due.empty()) return nullptr;
  OrderedJson out = written(due, characters_);
  for (const PieceLogprobs& one : due) characters_ += characters_of(one[0].bytes);
  std::move(due.begin(), due.end(), std::back_inserter(sent_));
  return out;
}

OrderedJson AnswerLogprobs::written(const std::vector<PieceLogprobs>& entries, std::int64_t offset) const {
  if (chat_) {
    OrderedJson content = OrderedJson::array();
    for (const PieceLogprobs& one : entries) {
      OrderedJson entry = chat_entry(one[0]), top = OrderedJson::array();
      for (std::size_t i = 1; i < one.size(); ++i) top.push_back(chat_entry(one[i]));
      entry["top_logprobs"] = std::move(top);
      content.push_back(std::move(entry));
    }
    return {{"content", std::move(content)}, {"refusal", nullptr}};
  }
  OrderedJson tokens = OrderedJson::array(), numbers = tokens, tops = tokens, offsets = tokens, bytes = tokens;
  for (const PieceLogprobs& one : entries) {
    OrderedJson top = OrderedJson::object();
    for (std::size_t i = 1; i < one.size(); ++i) top[one[i].bytes] = number_of(one[i]);
    tokens.push_back(one[0].bytes);
    numbers.push_back(number_of(one[0]));
    tops.push_back(std::move(top));
    offsets.push_back(offset);
    bytes.push_back(chat_entry(one[0]).at("bytes"));
    offset += characters_of(one[0].bytes);
  }
  return {{"tokens", std::move(tokens)},
          {"token_logprobs", std::move(numbers)},
          {"top_logprobs", std::move(tops)},
          {"text_offset", std::move(offsets)},
          {"bytes", std::move(bytes)}};
}

}  // namespace brim::apps::serve
