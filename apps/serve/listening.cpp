// See listening.hpp.
#include "apps/serve/listening.hpp"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstring>
#include <filesystem>

#include "apps/commands.hpp"
#include "apps/serve/peers.hpp"
#include "engine/base/quote.hpp"

namespace brim::apps::serve {
namespace {

namespace asio = boost::asio;
using Generic = asio::generic::stream_protocol;
using Local = asio::local::stream_protocol;
using ErrorCode = boost::system::error_code;
namespace errc = boost::system::errc;

/// What the operator can do about it.
std::string advice(ErrorCode failure, const Address& address) {
  if (failure == errc::address_in_use) {
    return "; another program listens there (ss -ltnp shows which): end it, or choose another port with --listen";
  }
  if (failure == errc::address_not_available) {
    return "; this machine does not have that address (ip address lists its own): choose another one with --listen";
  }
  if (failure == errc::permission_denied && address.path.empty()) {
    return "; ports below 1024 are for privileged programs: choose another one with --listen";
  }
  if (failure == errc::permission_denied || failure == errc::no_such_file_or_directory) {
    return "; the folder has to exist, and this user has to be allowed to write in it";
  }
  return {};
}

[[noreturn]] void refuse(ErrorCode failure, const Address& address) {
  throw Failure(2,
                fmt::format("cannot listen on {}: {}{}", url_of(address), failure.message(), advice(failure, address)));
}

/// Whether a server accepts connections there.
bool is_served(const std::string& path) {
  asio::io_context io;
  Local::socket socket(io);
  ErrorCode failure;
  socket.open(Local(), failure);
  if (!failure) socket.non_blocking(true, failure);
  if (!failure) socket.connect(Local::endpoint(path), failure);
  // A server whose queue is full would have us wait.
  return !failure || failure == asio::error::would_block || failure == asio::error::try_again;
}

/// Makes room for a new socket's file: removes what a server left that is gone.
void clear_path(const std::string& path) {
  std::error_code failure;
  const std::filesystem::file_status found = std::filesystem::symlink_status(path, failure);
  if (!std::filesystem::exists(found)) return;
  if (!std::filesystem::is_socket(found)) {
    throw Failure(2, fmt::format("--listen unix:{}: there is a file of that name that is not a socket: choose another "
                                 "path, or remove it",
                                 quoted(path)));
  }
  if (is_served(path)) {
    throw Failure(
        2, fmt::format("--listen unix:{}: another server listens there: end it, or choose another path", quoted(path)));
  }
  std::filesystem::remove(path, failure);  // where that fails, so does listening
}

Generic::endpoint endpoint_of(const Address& address) {
  if (!address.path.empty()) return Generic::endpoint(Local::endpoint(address.path));
  ErrorCode failure;
  const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(address.host, failure), address.port);
  if (failure) refuse(failure, address);
  return Generic::endpoint(endpoint);
}

asio::ip::tcp::endpoint tcp_of(const Generic::endpoint& endpoint) {
  asio::ip::tcp::endpoint tcp;
  const int family = endpoint.protocol().family();
  if (family != asio::ip::tcp::v4().family() && family != asio::ip::tcp::v6().family()) return tcp;
  if (endpoint.size() > tcp.capacity()) return tcp;
  std::memcpy(tcp.data(), endpoint.data(), endpoint.size());
  tcp.resize(endpoint.size());
  return tcp;
}

void bind_to(Acceptor& acceptor, const Address& wanted) {
  const Generic::endpoint endpoint = endpoint_of(wanted);
  ErrorCode failure;
  acceptor.open(endpoint.protocol(), failure);
  if (!failure && wanted.path.empty()) acceptor.set_option(Acceptor::reuse_address(true), failure);
  if (!failure) acceptor.bind(endpoint, failure);
  if (failure) refuse(failure, wanted);
}

}  // namespace

Address listen_on(Acceptor& acceptor, const Address& wanted) {
  if (!wanted.path.empty()) clear_path(wanted.path);
  bind_to(acceptor, wanted);
  if (!wanted.path.empty()) {  // before it is listened on, none can connect
    std::error_code failure;
    using std::filesystem::perms;
    std::filesystem::permissions(wanted.path, perms::owner_read | perms::owner_write, failure);
    if (failure) {
      remove_socket_file(wanted);
      throw Failure(
          2, fmt::format("cannot listen on {}: its file's mode cannot be set: {}", url_of(wanted), failure.message()));
    }
  }
  ErrorCode failure;
  acceptor.non_blocking(true, failure);
  if (!failure) acceptor.listen(Acceptor::max_listen_connections, failure);
  if (failure) refuse(failure, wanted);
  Address bound = wanted;
  if (wanted.path.empty()) bound.port = tcp_of(acceptor.local_endpoint()).port();
  return bound;
}

void check_can_listen(const Address& wanted) {
  if (!wanted.path.empty()) clear_path(wanted.path);
  asio::io_context io;
  Acceptor acceptor(io);
  bind_to(acceptor, wanted);
  if (!wanted.path.empty()) return remove_socket_file(wanted);  // its folder exists, and may be written in
  ErrorCode failure;
  acceptor.listen(1, failure);  // only then two sockets of one port meet
  if (failure) refuse(failure, wanted);
}

void remove_socket_file(const Address& address) noexcept {
  if (address.path.empty()) return;
  std::error_code ignored;
  std::filesystem::remove(address.path, ignored);
}

std::string peer_of(const StreamSocket& socket) {
  ErrorCode failure;
  const Generic::endpoint endpoint = socket.remote_endpoint(failure);
  if (failure || endpoint.protocol().family() == Local().family()) return {};
  const asio::ip::address address = tcp_of(endpoint).address();
  if (address.is_v4()) return peer_name(address.to_v4().to_bytes());
  return peer_name(address.to_v6().to_bytes());
}

}  // namespace brim::apps::serve
