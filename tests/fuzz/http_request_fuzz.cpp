// Any bytes as the beginning of a connection to `brim serve`: a request's head and body within their limits, the names
// of its Host and Origin, and its key. The same bytes in one piece and one by one are the same request.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "apps/serve/guard.hpp"
#include "apps/serve/request_head.hpp"

namespace {

using namespace brim::apps::serve;
using ParseFailure = boost::system::error_code;

constexpr std::size_t kFuzzedBody = 4096;  // the limit of a body
constexpr std::string_view kFuzzedKey = "secret";

void require(bool condition) {
  if (!condition) std::abort();
}

std::string small_letters(std::string_view text) {
  std::string small(text);
  for (char& letter : small) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return small;
}

/// Gives the parser `bytes`, `step` of them at a time, as they would come from a socket.
void feed(RequestParser& parser, std::string_view bytes, std::size_t step) {
  set_limits(parser, kFuzzedBody);
  std::string unread;
  while (!bytes.empty()) {
    unread.append(bytes.substr(0, step));
    bytes.remove_prefix(std::min(bytes.size(), step));
    while (!unread.empty() && !parser.is_done()) {
      ParseFailure failure;
      const std::size_t used = parser.put(boost::asio::buffer(unread.data(), unread.size()), failure);
      unread.erase(0, used);
      if (failure && failure != boost::beast::http::error::need_more) return;
      if (failure || used == 0) break;  // the rest has to come
    }
  }
}

/// What a page of another site cannot make a browser send as its host.
bool is_local_name(std::string_view host) {
  const bool bracketed = host.starts_with('[');
  const std::string name =
      small_letters(bracketed ? host.substr(1, host.find(']') - 1) : host.substr(0, host.find(':')));
  const char* const digits = bracketed ? "0123456789abcdef:." : "0123456789.";
  return name == "localhost" || name == "brim.example" || name.find_first_not_of(digits) == std::string::npos;
}

const ServerSettings& settings() {
  static const ServerSettings instance = [] {
    ServerSettings given;
    given.keys = key_digests(kFuzzedKey);
    given.allowed_hosts = {"brim.example"};
    given.allowed_origins = {"https://page.example"};
    return given;
  }();
  return instance;
}

/// Every refusal has a status and a sentence.
template <class Call>
bool passes(Call call) {
  try {
    call();
    return true;
  } catch (const Refusal& refusal) {
    require(refusal.status >= 400 && refusal.status < 500 && refusal.what()[0] != '\0');
    return false;
  }
}

void check_head(const RequestParser& parser) {
  static const Guard guard(settings());
  passes([&] {
    const RequestHead head = request_head(parser);
    if (passes([&] { guard.check_names(head.host, head.origin); })) {
      const std::string origin = small_letters(head.origin);
      require(is_local_name(head.host));
      require(origin.empty() || origin == "https://page.example" || origin == "http://" + small_letters(head.host));
    }
    passes([&] {
      const std::string name = guard.check_key(head.authorization, head.api_key);
      require(!name.empty());
      require(head.authorization.find(kFuzzedKey) != std::string_view::npos ||
              head.api_key.find(kFuzzedKey) != std::string_view::npos);
    });
    passes([&] {
      const Reply reply = guard.preflight(head.origin, head.asked_headers);
      for (const Header& header : reply.headers) require(header.value.find_first_of("\r\n") == std::string::npos);
    });
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), std::min<std::size_t>(size, std::size_t{64} << 10));
  RequestParser whole, single;
  feed(whole, bytes, std::max<std::size_t>(bytes.size(), 1));
  feed(single, bytes, 1);
  require(path_of(whole).find('?') == std::string::npos);
  if (whole.is_header_done()) check_head(whole);
  require(whole.get().body().size() <= kFuzzedBody && single.get().body().size() <= kFuzzedBody);
  if (whole.is_done() && single.is_done()) {
    require(whole.get().target() == single.get().target() && whole.get().body() == single.get().body());
  }
  return 0;
}
