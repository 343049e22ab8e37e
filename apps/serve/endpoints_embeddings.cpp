// See endpoints.hpp: vectors for texts, at the paths of all families (families/embeddings.hpp).
#include <fmt/format.h>

#include <utility>

#include "apps/serve/endpoints.hpp"
#include "apps/serve/families/embeddings.hpp"
#include "apps/serve/fields.hpp"
#include "apps/serve/length_check.hpp"

namespace brim::apps::serve {
namespace {

void check_ids(const std::vector<std::int32_t>& ids, std::int64_t vocabulary, const std::string& place) {
  for (const std::int32_t id : ids) {
    if (id >= vocabulary) refuse_field(place, fmt::format("has {}: expected 0 to {}", id, vocabulary - 1));
  }
}

/// A text that was cut would have another vector, so it is refused, whatever --when-full says.
void check_length(std::size_t tokens, const SeatLength& seat, const std::string& place) {
  try {
    check_kept_whole(static_cast<std::int64_t>(tokens), seat, place.c_str());
  } catch (const Refusal& refusal) {
    throw refusal_of_input(refusal, place);
  }
}

}  // namespace

// Everything that can be wrong with an input is found before the first one is computed.
Outcome Endpoints::embeddings(const Call& call) const {
  const EmbeddingFamily& family = *embedding_family_of(call.path);
  EmbeddingRequest asked = family.read(parse_body(call.body));
  check_model(asked.model);
  EmbeddingJob job{
      &family, served_.id, call.key, {}, asked.listed, asked.base64, asked.pooling, served_.request_seconds, {}};
  const std::int64_t vocabulary = model_.info().vocabulary;
  const SeatLength seat{served_.context, answers_.stats().kept_tokens, served_.refuse_when_full};
  for (EmbeddingInput& input : asked.inputs) {
    const std::string place = input_place(asked.listed, job.inputs.size());
    check_ids(input.ids, vocabulary, place);
    if (input.ids.empty()) {
      Scheduler::Request prompt;
      prompt.text = std::move(input.text);
      input.ids = answers_.prompt(prompt);
      input.ids.shrink_to_fit();  // it had room for a token per byte
    }
    if (input.ids.empty()) refuse_field(place, "has no tokens");
    check_length(input.ids.size(), seat, place);
    job.inputs.push_back(std::move(input.ids));
  }
  if (!asked.ignored.empty()) job.headers.push_back({"Brim-Ignored", ignored_header(asked.ignored)});
  return job;
}

}  // namespace brim::apps::serve
