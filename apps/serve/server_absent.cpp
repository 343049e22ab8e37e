// See server.hpp: a build without Boost.
#include "apps/commands.hpp"
#include "apps/serve/server.hpp"

namespace brim::apps::serve {

void check_server_is_built() {
  throw Failure(2,
                "this brim was built without its server: install Boost 1.74 or later (Debian: libboost-dev) and build "
                "Brim again");
}

void check_address(const Address&) { check_server_is_built(); }

void serve_until_stopped(const ServerSettings&, Models&, const std::function<void(const Address&)>&) {
  check_server_is_built();
}

}  // namespace brim::apps::serve
