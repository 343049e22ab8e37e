// Who is at the other end of a connection, as far as limits care: one address cannot take every place.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "apps/serve/reply.hpp"

namespace brim::apps::serve {

inline constexpr std::size_t kMaxConnections = 256;
/// Of these, what one address gets. From this machine, where a proxy may speak for everybody: all but so many.
inline constexpr std::size_t kMaxOfAddress = 64;
/// Beyond them, those that get the answer that there is no room; others are closed without a word.
inline constexpr std::size_t kMaxRefused = kMaxConnections / 4;

/// The name under which an address counts, from its 4 or 16 bytes: an IPv4 address (also one inside IPv6), or the first
/// half of an IPv6 address, which is one customer's network (RFC 6177). "" for anything else, as a Unix socket has it.
std::string peer_name(std::span<const unsigned char> address);

/// How many connections may be open to it.
std::size_t max_connections(const std::string& peer);

/// What a client gets where there is no room for it: 503, and that it may try again.
Refusal too_many_connections();

}  // namespace brim::apps::serve
