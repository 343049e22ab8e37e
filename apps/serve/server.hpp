// The HTTP server itself: sockets, connections and the end by a signal. Built where Boost was found.
#pragma once

#include <functional>

#include "apps/serve/models.hpp"
#include "apps/serve/settings.hpp"

namespace brim::apps::serve {

/// Throws Failure (2) with one sentence where this build has no server.
void check_server_is_built();
/// The same where the address cannot be listened on, before a model is loaded, which takes long.
void check_address(const Address& address);

/// Serves until a signal asks for the end (apps/terminal/interrupts), then lets answers in progress reach their end for
/// up to 30 seconds; the computing threads have ended then. `listening` is called once, with the address and its port. Throws Failure (2) where the address
/// cannot be listened on. Call it after catch_interrupts(), with closed input and output signals ignored.
void serve_until_stopped(const ServerSettings& settings, Models& models,
                         const std::function<void(const Address&)>& listening);

}  // namespace brim::apps::serve
