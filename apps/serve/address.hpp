// The address of --listen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace brim::apps::serve {

struct Address {
  std::string host{};      ///< "127.0.0.1", "::1", "0.0.0.0", without brackets
  std::uint16_t port = 0;  ///< 0: the system chooses one
  std::string path{};      ///< of a Unix socket; then there is no host and no port
};

inline constexpr std::size_t kMaxSocketPath = 107;  ///< bytes that Linux has for the path of a Unix socket

/// "127.0.0.1:11711", "[::1]:11711", "localhost:0", "unix:/run/brim/socket". Throws Failure (2) for anything else: an
/// address in digits or localhost, and a port; or a path of up to kMaxSocketPath bytes.
Address parse_address(std::string_view text);

/// Whether only this machine can reach the address. A Unix socket is reached through the file system alone.
bool is_loopback(const Address& address);

/// "http://127.0.0.1:11711", "unix:/run/brim/socket"
std::string url_of(const Address& address);

/// Whether `host` is an address in digits: IPv4, or IPv6 without its brackets. Of IPv6 only the alphabet is checked.
bool is_numeric_host(std::string_view host);

/// Splits "name:80", "[::1]:80", "name" into a host without brackets, in lower case, and what follows its colon. Returns
/// false where a bracket is not closed or something else follows it.
bool split_host(std::string_view text, std::string& host, std::string_view& port);

}  // namespace brim::apps::serve
