// An answer of the server that is sent whole, and what is said where a request is refused.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace brim::apps::serve {

struct Header {
  std::string name, value;
};

struct Reply {
  int status = 200;
  std::string type = "application/json";
  std::string body{};
  std::vector<Header> headers{};
};

/// Thrown where a request is refused. `param`: the member of the body that is wrong; `code`: a word for programs; both
/// may be empty.
struct Refusal : std::runtime_error {
  Refusal(int http_status, const std::string& sentence, std::string member = {}, std::string word = {})
      : std::runtime_error(sentence), status(http_status), param(std::move(member)), code(std::move(word)) {}
  int status;
  std::string param, code;
  bool later = false;  ///< the same request may succeed in a while
};

/// The word that OpenAI's interface has for errors with this status: "invalid_request_error".
const char* error_type(int status);

/// {"message", "type", "param", "code"}, as OpenAI's clients expect it.
nlohmann::ordered_json error_object(const Refusal& refusal);
/// {"error": error_object()}
std::string error_json(const Refusal& refusal);

/// In OpenAI's form, with the headers that tell clients whether to try again: Retry-After, or x-should-retry: false. For
/// the form that belongs to a path see error_reply() in families/families.hpp.
Reply error_reply(const Refusal& refusal);

}  // namespace brim::apps::serve
