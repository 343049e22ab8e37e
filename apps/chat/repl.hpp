// The loop at the prompt: lines become messages or commands until the person leaves.
#pragma once

#include "apps/chat/slash_commands.hpp"

namespace brim::apps {

/// Returns when the person leaves. Failures of single messages are said and survived.
void converse(Conversation& conversation);

}  // namespace brim::apps
