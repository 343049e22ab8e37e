// See engine_failures.hpp.
#include "apps/serve/engine_failures.hpp"

namespace brim::apps::serve {

Refusal refusal_of(brim_status status, const std::string& sentence) {
  switch (status) {
    case BRIM_INVALID_ARGUMENT:
    case BRIM_UNSUPPORTED:
      return Refusal(400, sentence);
    case BRIM_WRONG_STATE: {
      Refusal full(429, sentence, "", "queue_full");
      full.later = true;
      return full;
    }
    case BRIM_OUT_OF_MEMORY:
      return Refusal(503, sentence, "", "out_of_memory");
    case BRIM_CANCELLED:
      return Refusal(
          504, "the answer ended early: it took longer than brim serve --request-timeout allows, or the server ends",
          "", "request_timeout");
    default:
      return Refusal(500, "the server failed to do this; its log has the reason", "", "internal_error");
  }
}

}  // namespace brim::apps::serve
