// See peers.hpp.
#include "apps/serve/peers.hpp"

#include <algorithm>

namespace brim::apps::serve {
namespace {

constexpr std::size_t kIpv4 = 4, kIpv6 = 16, kNetwork = 8;

bool is_zero(std::span<const unsigned char> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](unsigned char byte) { return byte == 0; });
}

/// ::ffff:1.2.3.4
bool holds_ipv4(std::span<const unsigned char> address) {
  return is_zero(address.first(10)) && address[10] == 0xff && address[11] == 0xff;
}

}  // namespace

std::string peer_name(std::span<const unsigned char> address) {
  if (address.size() == kIpv6) {
    address = holds_ipv4(address) ? address.last(kIpv4) : address.first(kNetwork);
  } else if (address.size() != kIpv4) {
    return {};
  }
  return std::string(address.begin(), address.end());
}

std::size_t max_connections(const std::string& peer) {
  if (peer.empty()) return kMaxConnections;
  // ::1 is in a network of zeros, in which no other address is used.
  const bool here = peer.size() == kIpv4 ? peer[0] == 127 : peer == std::string(kNetwork, '\0');
  return here ? kMaxConnections - kMaxOfAddress : kMaxOfAddress;
}

Refusal too_many_connections() {
  Refusal busy(503, "too many connections are open: try again", "", "busy");
  busy.later = true;
  return busy;
}

}  // namespace brim::apps::serve
