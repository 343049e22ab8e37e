// Any bytes as the body of a chat or a completion: refused with a sentence, or a request whose parts are as the engine
// takes them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "apps/serve/answer_request.hpp"
#include "apps/serve/fields.hpp"
#include "apps/serve/reply.hpp"

namespace {

using namespace brim::apps::serve;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_request(const AnswerRequest& request, bool chat) {
  require(request.chat == chat);
  if (chat) {
    const Json messages = Json::parse(request.messages, nullptr, false);
    require(messages.is_array() && !messages.empty());
  }
  for (const std::int32_t id : request.ids) require(id >= 0);
  require(!request.limit || *request.limit > 0);
  for (const auto& [key, value] : request.options) {
    require(!key.empty() && value.find('\0') == std::string::npos);
  }
  // Names of members come back in a header.
  const std::string header = ignored_header(request.ignored);
  for (const char letter : header) require(letter >= ' ' && letter <= '~');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const bool chat : {true, false}) {
    try {
      const Json body = parse_body(bytes);
      check_request(chat ? read_chat_request(body) : read_completion_request(body), chat);
    } catch (const Refusal& refusal) {
      require(refusal.status >= 400 && refusal.status < 500 && refusal.what()[0] != '\0');
      require(Json::accept(error_json(refusal)));
    }
  }
  return 0;
}
