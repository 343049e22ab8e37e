// The messages of a chat request, as the engine takes them.
#pragma once

#include <string>
#include <vector>

#include "apps/serve/json_body.hpp"

namespace brim::apps::serve {

/// A JSON array of {"role", "content"} with texts alone. `developer` is `system`; parts of text are joined; null is an
/// empty text of the assistant. `ignored` gets the names of members that are not kept, "messages.NAME", each once. Throws
/// Refusal (400) that names what is wrong: no messages, more than 4,096 of them, roles and parts that are not known, and
/// calls of tools.
std::string engine_messages(const Json& messages, std::vector<std::string>& ignored);

}  // namespace brim::apps::serve
