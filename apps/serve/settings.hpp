// What the server knows of its command line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "apps/serve/address.hpp"
#include "engine/base/sha256.hpp"

namespace brim::apps::serve {

struct ServerSettings {
  Address listen{"127.0.0.1", 11711};
  std::vector<Sha256::Digest> keys;          ///< of the API keys; empty: any request is let in
  std::vector<std::string> allowed_hosts;    ///< beside localhost, addresses and the one that is listened on
  std::vector<std::string> allowed_origins;  ///< "https://example.org"
  std::size_t body_limit = std::size_t{4} << 20;
  std::int32_t request_seconds = 600;
  bool metrics = false;
  bool page = true;  ///< the web page is served
  bool log_requests = false;
};

inline constexpr std::size_t kHeaderLimit = std::size_t{16} << 10;  ///< bytes of a request line and its headers
inline constexpr std::size_t kMaxUnsent = std::size_t{1} << 20;     ///< bytes of a stream that its client has not taken
/// Bodies that are in memory at a time, as a multiple of the largest one.
inline constexpr std::size_t kBodiesAtOnce = 8;
/// Replies with vectors that are in memory at a time, all together, in the same measure.
inline constexpr std::size_t kVectorsAtOnce = 4;

}  // namespace brim::apps::serve
