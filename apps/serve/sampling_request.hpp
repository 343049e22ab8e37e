// How tokens are picked and where an answer ends, as requests say it: members that most clients have under the same names.
#pragma once

#include <cstdint>
#include <string>

#include "apps/serve/answer_request.hpp"
#include "apps/serve/fields.hpp"

namespace brim::apps::serve {

/// temperature, top_p, top_k, min_p, typical_p, penalties, xtc, logit_bias, ignore_eos and seed. Throws Refusal (400).
void read_sampling(Fields& fields, AnswerRequest& request);

/// Texts that end the answer, in the member `name`: a string or an array of them. Throws Refusal (400).
void read_stops(Fields& fields, const std::string& name, AnswerRequest& request);

/// The max number of tokens, in the member `name`. Numbers from `min` to -1 stand for what is left of the context.
/// Throws Refusal (400).
void read_limit(Fields& fields, const std::string& name, AnswerRequest& request, std::int64_t min = -1);

}  // namespace brim::apps::serve
