// Logprobs of chat completions and completions: what a request asks for, and what goes out beside the texts.
#pragma once

#include <brim/scheduler.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "apps/serve/fields.hpp"

namespace brim::apps::serve {

struct TextLogprob {
  std::string bytes;  ///< of the token; not always whole characters
  float logprob = 0;
};

/// The token's own, then the most probable ones, the best first; empty where none were requested.
using PieceLogprobs = std::vector<TextLogprob>;
PieceLogprobs logprobs_of(const brim_event& event);

/// How many of the most probable tokens are noted with each one; none: nothing is noted. Of a chat: `logprobs` (a flag)
/// and `top_logprobs`; of a completion: `logprobs` (a number). Throws Refusal (400).
std::optional<std::int32_t> read_logprobs(Fields& fields, bool chat);

/// Holds a token's logprobs back until the token's text goes out: a stop string may hold that back, and where one ended the
/// answer, the tokens behind the text that was sent are left out. So is the token that ended it.
class AnswerLogprobs {
 public:
  explicit AnswerLogprobs(bool chat) : chat_(chat) {}

  /// Takes the logprobs of a piece whose text is sent now, with `text` bytes. `ends`: it is the answer's last;
  /// `stopped`: by a stop string; `end_token`: by its own token.
  struct Taken {
    std::size_t text = 0;
    bool ends = false, stopped = false, end_token = false;
  };
  /// Returns what goes out with that text, in the form of the request's kind; null where nothing does.
  nlohmann::ordered_json add(const PieceLogprobs& logprobs, const Taken& taken);
  /// All that went out so far, in one.
  nlohmann::ordered_json whole() const { return written(sent_, 0); }

 private:
  struct Waiting {
    PieceLogprobs logprobs;
    std::size_t begin;  // bytes of the answer before the token
  };
  nlohmann::ordered_json written(const std::vector<PieceLogprobs>& entries, std::int64_t offset) const;

  bool chat_;
  std::vector<Waiting> waiting_;
  std::vector<PieceLogprobs> sent_;
  std::size_t token_bytes_ = 0, text_bytes_ = 0;  // of all tokens, and of all texts that were sent
  std::int64_t characters_ = 0;                   // of the tokens in sent_
};

}  // namespace brim::apps::serve
