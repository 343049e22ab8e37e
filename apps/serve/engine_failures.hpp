// What a failure of the engine means for a client.
#pragma once

#include <brim/brim.h>

#include <string>

#include "apps/serve/reply.hpp"

namespace brim::apps::serve {

/// 400 for a wrong request, 429 for a full queue, 503 for memory, 504 for a request that took too long, 500 for anything
/// else; the sentences of that may name files and belong into the log, so the client's sentence says where to look.
Refusal refusal_of(brim_status status, const std::string& sentence);

}  // namespace brim::apps::serve
