// The socket that is listened on: TCP, or a Unix socket in the file system.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <string>

#include "apps/serve/address.hpp"

namespace brim::apps::serve {

using StreamSocket = boost::asio::generic::stream_protocol::socket;
using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol>;

/// Opens the acceptor, which is closed, and listens. Returns the address with the port that the system chose. Only the
/// user who runs the server can open its Unix socket (mode 0600); the file of a server that is gone is replaced. Throws
/// Failure (2): the reason, and what to do.
Address listen_on(Acceptor& acceptor, const Address& wanted);

/// Throws where listen_on() would now, and leaves nothing behind: before a model is loaded, which takes long.
void check_can_listen(const Address& wanted);

/// Removes the file of a Unix socket; before the acceptor is closed, so that no client finds it dead.
void remove_socket_file(const Address& address) noexcept;

/// peer_name() of the other end.
std::string peer_of(const StreamSocket& socket);

}  // namespace brim::apps::serve
