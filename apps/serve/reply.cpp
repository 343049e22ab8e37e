// See reply.hpp.
#include "apps/serve/reply.hpp"

#include <nlohmann/json.hpp>

namespace brim::apps::serve {

const char* error_type(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 429:
      return "rate_limit_error";
    default:
      return status >= 500 ? "server_error" : "invalid_request_error";
  }
}

nlohmann::ordered_json error_object(const Refusal& refusal) {
  using Json = nlohmann::ordered_json;
  const auto word = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
  return {{"message", refusal.what()},
          {"type", error_type(refusal.status)},
          {"param", word(refusal.param)},
          {"code", word(refusal.code)}};
}

std::string error_json(const Refusal& refusal) {
  using Json = nlohmann::ordered_json;
  return Json{{"error", error_object(refusal)}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Reply error_reply(const Refusal& refusal) {
  Reply reply;
  reply.status = refusal.status;
  reply.body = error_json(refusal) + "\n";
  if (refusal.later || refusal.status == 429) {
    reply.headers.push_back({"Retry-After", "1"});
  } else {
    reply.headers.push_back({"x-should-retry", "false"});
  }
  if (refusal.status == 401) reply.headers.push_back({"WWW-Authenticate", "Bearer"});
  return reply;
}

}  // namespace brim::apps::serve
