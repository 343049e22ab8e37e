// See guard.hpp.
#include "apps/serve/guard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "apps/commands.hpp"
#include "engine/base/quote.hpp"

namespace brim::apps::serve {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& letter : lower) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return lower;
}

Sha256::Digest digest_of(std::string_view text) { return sha256(std::as_bytes(std::span(text.data(), text.size()))); }

/// Without a branch that depends on the bytes.
bool equal(const Sha256::Digest& a, const Sha256::Digest& b) {
  unsigned different = 0;
  for (std::size_t i = 0; i < a.size(); ++i) different |= std::to_integer<unsigned>(a[i] ^ b[i]);
  return different == 0;
}

bool are_header_names(std::string_view text) {
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_, ";
  return text.size() <= 1024 && text.find_first_not_of(kAlphabet) == std::string_view::npos;
}

/// Of a Host header: nothing else may follow the name, or a program that splits it elsewhere takes it for another one.
bool is_port(std::string_view text) { return text.find_first_not_of("0123456789") == std::string_view::npos; }

}  // namespace

std::vector<Sha256::Digest> key_digests(std::string_view text) {
  std::vector<Sha256::Digest> keys;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::string_view key = trimmed(line);
    if (!key.empty() && key[0] != '#') keys.push_back(digest_of(key));
  }
  return keys;
}

std::string allowed_host(std::string_view text) {
  std::string host = lower_case(text);
  if (host.empty() || host.find_first_of(" \t/:,@") != std::string::npos) {
    throw Failure(
        2, fmt::format("--allow-host {}: expected a name without a port, such as brim.example.org", quoted(text)));
  }
  return host;
}

std::string allowed_origin(std::string_view text) {
  std::string origin = lower_case(text);
  const std::size_t scheme = origin.find("://");
  const bool known = scheme != std::string::npos && scheme > 0 && scheme + 3 < origin.size();
  if (!known || origin.find_first_of(" \t/,*", scheme + 3) != std::string::npos) {
    throw Failure(
        2, fmt::format("--allow-origin {}: expected a scheme and a host, such as https://example.org", quoted(text)));
  }
  return origin;
}

Guard::Guard(const ServerSettings& settings)
    : hosts_(settings.allowed_hosts), origins_(settings.allowed_origins), keys_(settings.keys) {}

bool Guard::is_allowed_origin(std::string_view origin) const {
  return std::ranges::find(origins_, lower_case(origin)) != origins_.end();
}

void Guard::check_names(std::string_view host, std::string_view origin) const {
  std::string name;
  std::string_view port;
  const bool known = split_host(host, name, port) && is_port(port) &&
                     (name == "localhost" || is_numeric_host(name) || std::ranges::find(hosts_, name) != hosts_.end());
  if (!known) {
    throw Refusal(403, fmt::format("the header Host names {}, which is not one of this server's names "
                                   "(brim serve --allow-host)",
                                   quoted(host)));
  }
  if (origin.empty() || is_allowed_origin(origin) || lower_case(origin) == "http://" + lower_case(host)) return;
  throw Refusal(403,
                fmt::format("requests from pages of {} are not allowed (brim serve --allow-origin)", quoted(origin)));
}

std::vector<Header> Guard::cors(std::string_view origin) const {
  if (origin.empty() || !is_allowed_origin(origin)) return {};
  return {{"Access-Control-Allow-Origin", lower_case(origin)},
          {"Access-Control-Expose-Headers", "Brim-Ignored, Retry-After"},
          {"Vary", "Origin"}};
}

Reply Guard::preflight(std::string_view origin, std::string_view headers) const {
  Reply reply{204, "", "", cors(origin)};
  if (reply.headers.empty()) throw Refusal(403, "OPTIONS is for pages of allowed origins (brim serve --allow-origin)");
  reply.headers.push_back({"Access-Control-Allow-Methods", "GET, POST, OPTIONS"});
  if (!headers.empty() && are_header_names(headers)) {
    reply.headers.push_back({"Access-Control-Allow-Headers", std::string(headers)});
  }
  reply.headers.push_back({"Access-Control-Max-Age", "600"});
  return reply;
}

std::string Guard::check_key(std::string_view authorization, std::string_view api_key) const {
  if (keys_.empty()) return {};
  constexpr std::string_view kScheme = "bearer ";
  std::string_view given = trimmed(api_key);
  if (lower_case(authorization.substr(0, kScheme.size())) == kScheme) {
    given = trimmed(authorization.substr(kScheme.size()));
  }
  if (given.empty()) {
    throw Refusal(401, "this server needs an API key: send it as 'Authorization: Bearer KEY'", "", "missing_api_key");
  }
  const Sha256::Digest digest = digest_of(given);
  bool found = false;
  for (const Sha256::Digest& key : keys_) found = static_cast<int>(equal(key, digest)) | static_cast<int>(found);
  if (!found) throw Refusal(401, "the API key is not one of this server's", "", "invalid_api_key");
  return hex(digest);
}

}  // namespace brim::apps::serve
