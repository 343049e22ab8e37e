// Vectors for texts: OpenAI's /v1/embeddings and ollama's /api/embed. Each reads requests into one EmbeddingRequest, and
// writes replies in its own form; one table in embeddings.cpp.
#pragma once

#include <brim/scheduler.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "apps/serve/families/families.hpp"

namespace brim::apps::serve {

/// One of these is not empty.
struct EmbeddingInput {
  std::string text;
  std::vector<std::int32_t> ids;
};

struct EmbeddingRequest {
  std::string model;                   ///< as it was named; "": not at all
  std::vector<EmbeddingInput> inputs;  ///< 1 to 2048
  bool listed = false;                 ///< whether they came as a list
  bool base64 = false;                 ///< whether vectors are written as base64 of their bytes, instead of as numbers
  Scheduler::Request::Embedding pooling = Scheduler::Request::Embedding::last;
  std::vector<std::string> ignored;  ///< members that have no effect
};

/// What a reply says about all its vectors.
struct EmbeddingTotals {
  std::string model;
  std::int64_t prompt_tokens = 0;
  std::int64_t total_ns = 0;  ///< from the request to the last vector, waiting included
};

/// A reply is begin(), for each vector item(), the vector and item_end, with commas between vectors, and end().
struct EmbeddingFamily {
  std::string_view path;  ///< where vectors are asked for, by POST
  const ClientForm& client;
  EmbeddingRequest (*read)(const Json& body);  ///< throws Refusal (400)
  std::string (*begin)(const std::string& model);
  std::string (*item)(std::size_t index);
  std::string_view item_end;
  std::string (*end)(const EmbeddingTotals& totals);
};

/// Null where no vectors are asked for at this path.
const EmbeddingFamily* embedding_family_of(std::string_view path);

/// How sentences name an input: "input", or where a list was sent "input[3]".
std::string input_place(bool listed, std::size_t index);

}  // namespace brim::apps::serve
