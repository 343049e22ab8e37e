// Any bytes as the body of a request for an answer or for embeddings, in each client's form: refused with a sentence, or a
// request whose parts are as the engine takes them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "apps/serve/answer_request.hpp"
#include "apps/serve/families/embeddings.hpp"
#include "apps/serve/families/families.hpp"
#include "apps/serve/fields.hpp"
#include "apps/serve/reply.hpp"

namespace {

using namespace brim::apps::serve;

void require(bool condition) {
  if (!condition) std::abort();
}

constexpr std::string_view kPaths[] = {"/v1/chat/completions", "/v1/completions", "/v1/responses",
                                       "/v1/messages",         "/api/chat",       "/api/generate"};

constexpr std::string_view kEmbeddingPaths[] = {"/v1/embeddings", "/api/embed"};

// Names of members come back in a header.
void check_ignored(const std::vector<std::string>& names) {
  for (const char letter : ignored_header(names)) require(letter >= ' ' && letter <= '~');
}

void check_request(const EmbeddingRequest& request) {
  require(!request.inputs.empty() && request.inputs.size() <= 2048);
  for (const EmbeddingInput& input : request.inputs) {
    require(input.text.empty() != input.ids.empty());
    for (const std::int32_t id : input.ids) require(id >= 0);
  }
  check_ignored(request.ignored);
}

void check_request(const AnswerRequest& request) {
  if (!request.ready.empty()) {
    require(Json::accept(request.ready));
    return;
  }
  if (request.chat) {
    const Json messages = Json::parse(request.messages, nullptr, false);
    require(messages.is_array() && !messages.empty());
  }
  for (const std::int32_t id : request.ids) require(id >= 0);
  require(!request.limit || *request.limit > 0);
  for (const auto& [key, value] : request.options) {
    require(!key.empty() && value.find('\0') == std::string::npos);
  }
  check_ignored(request.ignored);
}

template <class Family>
void check_family(const Family* family, std::string_view bytes) {
  require(family != nullptr);
  try {
    check_request(family->read(parse_body(bytes)));
  } catch (const Refusal& refusal) {
    require(refusal.status >= 400 && refusal.status < 500 && refusal.what()[0] != '\0');
    require(Json::accept(error_reply(refusal, family->client).body));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const std::string_view path : kPaths) check_family(family_of(path), bytes);
  for (const std::string_view path : kEmbeddingPaths) check_family(embedding_family_of(path), bytes);
  return 0;
}
