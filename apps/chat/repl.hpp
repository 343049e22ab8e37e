// The loop at the prompt: lines become messages or commands until the user leaves.
#pragma once

#include "apps/chat/slash_commands.hpp"

namespace brim::apps {

/// Returns when the user leaves. A failed message is reported and the loop continues.
void converse(Conversation& conversation);

}  // namespace brim::apps
