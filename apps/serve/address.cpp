// See address.hpp.
#include "apps/serve/address.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "apps/commands.hpp"
#include "engine/base/number_text.hpp"
#include "engine/base/quote.hpp"

namespace brim::apps::serve {
namespace {

constexpr std::string_view kUnix = "unix:";

char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter; }

bool is_ipv4(std::string_view host) {
  int numbers = 0;
  while (true) {
    const std::string_view digits = host.substr(0, host.find('.'));
    if (digits.empty() || digits.size() > 3 || !parse_integer<std::uint8_t>(digits)) return false;
    ++numbers;
    if (digits.size() == host.size()) return numbers == 4;
    host.remove_prefix(digits.size() + 1);
  }
}

bool is_ipv6(std::string_view host) {
  constexpr std::string_view kAlphabet = "0123456789abcdefABCDEF:.";
  return host.size() <= 45 && std::ranges::count(host, ':') >= 2 &&
         host.find_first_not_of(kAlphabet) == std::string_view::npos;
}

}  // namespace

bool is_numeric_host(std::string_view host) { return is_ipv4(host) || is_ipv6(host); }

bool split_host(std::string_view text, std::string& host, std::string_view& port) {
  std::string_view name;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    name = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (!text.empty() && text[0] != ':') return false;
  } else {
    name = text.substr(0, text.find(':'));
    text.remove_prefix(name.size());
  }
  host.assign(name);
  std::ranges::transform(host, host.begin(), lower);
  port = text.empty() ? text : text.substr(1);
  return !host.empty();
}

Address parse_address(std::string_view text) {
  const auto refuse = [&] {
    return Failure(2, fmt::format("--listen {}: expected an address and a port, such as 127.0.0.1:11711, [::1]:11711 "
                                  "or 0.0.0.0:11711, or unix:PATH",
                                  quoted(text)));
  };
  Address address;
  if (text.starts_with(kUnix)) {
    address.path.assign(text.substr(kUnix.size()));
    const std::size_t size = address.path.size();
    if (size > 0 && size <= kMaxSocketPath && address.path.find('\0') == std::string::npos) return address;
    throw Failure(2, fmt::format("--listen {}: expected unix: and a path of 1 to {} bytes, found {}", quoted(text),
                                 kMaxSocketPath, size));
  }
  std::string_view port;
  if (!split_host(text, address.host, port)) throw refuse();
  const auto number = parse_integer<std::uint16_t>(port);
  if (!number || !(address.host == "localhost" || is_numeric_host(address.host))) throw refuse();
  if (address.host == "localhost") address.host = "127.0.0.1";
  address.port = *number;
  return address;
}

bool is_loopback(const Address& address) {
  return !address.path.empty() || address.host == "::1" || (is_ipv4(address.host) && address.host.starts_with("127."));
}

std::string url_of(const Address& address) {
  if (!address.path.empty()) return fmt::format("{}{}", kUnix, address.path);
  const bool ipv6 = address.host.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}", ipv6 ? "[" : "", address.host, ipv6 ? "]" : "", address.port);
}

}  // namespace brim::apps::serve
