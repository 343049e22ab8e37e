// Who is let in: the hosts and origins that a request may name, and the API keys. A page in a browser can send requests
// to this machine, and can make a name of its choice resolve to it; both show in these headers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "apps/serve/reply.hpp"
#include "apps/serve/settings.hpp"

namespace brim::apps::serve {

/// Does not change; any thread.
class Guard {
 public:
  explicit Guard(const ServerSettings& settings);

  /// `host` and `origin`: the headers, "" where they are absent. Host has to be localhost, an address in digits (no page
  /// can make a name look like one) or an allowed one, whatever its port. An origin has to be an allowed one, or the
  /// server's. Throws Refusal (403).
  void check_names(std::string_view host, std::string_view origin) const;
  /// The answer to OPTIONS, by which a browser asks whether a page may send a request: 204 for an allowed origin. Throws
  /// Refusal (403). `headers`: Access-Control-Request-Headers.
  Reply preflight(std::string_view origin, std::string_view headers) const;
  /// What lets the page of an allowed origin see an answer; none for other origins.
  std::vector<Header> cors(std::string_view origin) const;
  /// The name under which what is processed for the key's owner is used again: a digest of the key, or "" where no keys
  /// are needed. Compares in a time that depends on nothing secret. Throws Refusal (401). `authorization`: "Bearer KEY";
  /// `api_key`: the header x-api-key.
  std::string check_key(std::string_view authorization, std::string_view api_key) const;

 private:
  bool is_allowed_origin(std::string_view origin) const;
  std::vector<std::string> hosts_, origins_;
  std::vector<Sha256::Digest> keys_;
};

/// The digests of the keys in the text of a file: one key per line, without blanks around it; empty lines and those that
/// begin with # do not count.
std::vector<Sha256::Digest> key_digests(std::string_view text);

/// What is compared as a host of --allow-host: its lower case. Throws Failure (2) for one with a port, a path or a blank.
std::string allowed_host(std::string_view text);
/// The same for --allow-origin: "https://example.org", with a port where it is not the scheme's.
std::string allowed_origin(std::string_view text);

}  // namespace brim::apps::serve
