// See server.hpp.
#include "apps/serve/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "apps/serve/connection.hpp"
#include "apps/serve/listening.hpp"
#include "apps/serve/peers.hpp"
#include "apps/serve/response.hpp"
#include "apps/terminal/error_output.hpp"
#include "apps/terminal/interrupts.hpp"

namespace brim::apps::serve {
namespace {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

constexpr auto kDrain = std::chrono::seconds(30);
constexpr auto kLastWords = std::chrono::seconds(2);
constexpr auto kNoDescriptor = std::chrono::milliseconds(200);  ///< before the next try to accept

class Server {
 public:
  Server(const ServerSettings& settings, Models& models)
      : services_(settings, models),
        acceptor_(services_.io),
        spare_(services_.io),
        signals_(services_.io),
        timer_(services_.io) {}
  ~Server() {
    if (acceptor_.is_open()) remove_socket_file(listened_);
    if (signals_.is_open()) (void)signals_.release();  // it belongs to apps/terminal/interrupts
    services_.workers.stop();
    services_.workers.join();
    services_.models.end();  // they hand pieces to what ends here
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  const Address& listen() {
    listened_ = listen_on(acceptor_, services_.settings.listen);
    reserve_descriptor();
    return listened_;
  }

  void run() {
    signals_.assign(wake_descriptor());
    wait_for_signal();
    accept();
    if (interrupted()) drain();
    while (!services_.io.stopped()) {
      try {
        services_.io.run();
      } catch (const std::exception& failure) {  // for lack of memory; connections see to their own
        say(fmt::format("brim: {}", failure.what()));
      }
    }
    services_.open.clear();
  }

 private:
  void accept() {
    acceptor_.async_accept(services_.io, [this](ErrorCode failure, StreamSocket socket) {
      if (services_.draining || failure == asio::error::operation_aborted) return;
      if (failure) {
        find_descriptor();
        return;
      }
      try {
        open(std::move(socket));
      } catch (const std::exception&) {
        // The socket is closed, and the next client gets its turn.
      }
      accept();
    });
  }

  void open(StreamSocket socket) {
    const std::string peer = peer_of(socket);
    const bool room = make_room(peer);
    if (services_.open.size() >= kMaxConnections + kMaxRefused) return;  // closes it without a word
    const auto connection = std::make_shared<Connection>(std::move(socket), peer, services_);
    services_.open.insert(connection);
    try {
      room ? connection->start() : connection->refuse_and_close();
    } catch (...) {
      connection->abandon();  // it would keep its place, and never end
    }
  }

  // Whether there is a place for one more connection to `peer`, perhaps in place of one that waits.
  bool make_room(const std::string& peer) {
    std::size_t all = 0, of_peer = 0;
    for (const std::shared_ptr<Connection>& connection : services_.open) {
      if (connection->refused()) continue;
      ++all;
      if (connection->peer() == peer) ++of_peer;
    }
    if (of_peer >= max_connections(peer)) return close_waiting(&peer);
    return all < kMaxConnections || close_waiting(nullptr);
  }

  // Closes the connection that has waited longest for a request's head, if there is one, first of those that have sent
  // none so far: HTTP allows that at any time, and clients that send nothing, or a byte now and then, must not keep
  // others out. `of`: only of this peer; null: of any.
  bool close_waiting(const std::string* of) {
    std::shared_ptr<Connection> longest;
    const auto rank = [](const Connection& connection) {
      return std::pair(connection.has_asked(), connection.waits_since());
    };
    for (const std::shared_ptr<Connection>& connection : services_.open) {
      if (!connection->waits() || (of != nullptr && connection->peer() != *of)) continue;
      if (!longest || rank(*connection) < rank(*longest)) longest = connection;
    }
    if (longest) longest->abandon();
    return longest != nullptr;
  }

  // No descriptor or no memory is left for a client that waits. A connection without a request makes room, or else the
  // client gets to know so by means of a descriptor that is kept for this; otherwise it waits a while in the system's
  // queue.
  void find_descriptor() {
    if (close_waiting(nullptr) || refuse_client()) {
      accept();
      return;
    }
    timer_.expires_after(kNoDescriptor);
    timer_.async_wait([this](ErrorCode) {
      if (services_.draining) return;
      reserve_descriptor();
      accept();
    });
  }

  bool refuse_client() {
    if (!spare_.is_open()) return false;
    ErrorCode failure, ignored;
    spare_.close(ignored);
    {
      StreamSocket socket(services_.io);
      acceptor_.accept(socket, failure);
      try {
        if (!failure) say_no(socket);
      } catch (const std::exception&) {
        // There is no memory for a word.
      }
    }
    reserve_descriptor();
    return !failure && spare_.is_open();
  }

  // As much as can be said at once: what the client has sent is taken, because closing would else take the answer back.
  static void say_no(StreamSocket& socket) {
    ErrorCode ignored;
    std::vector<char> request(kHeaderLimit);
    const std::string answer = whole_response(error_reply(too_many_connections()), false);
    socket.non_blocking(true, ignored);
    (void)socket.receive(asio::buffer(request), 0, ignored);
    (void)socket.send(asio::buffer(answer), 0, ignored);
    socket.shutdown(asio::socket_base::shutdown_both, ignored);
  }

  void reserve_descriptor() {
    ErrorCode ignored;
    if (!spare_.is_open()) spare_.open(asio::ip::tcp::v4(), ignored);
  }

  void wait_for_signal() {
    signals_.async_wait(asio::posix::stream_descriptor::wait_read, [this](ErrorCode failure) {
      if (failure) return;
      clear_wakes();
      if (interrupted()) {
        drain();
      } else {
        wait_for_signal();
      }
    });
  }

  void drain() {
    if (services_.draining) return;
    services_.draining = true;
    ErrorCode ignored;
    remove_socket_file(listened_);
    acceptor_.close(ignored);
    timer_.cancel();
    const std::vector<std::shared_ptr<Connection>> open(services_.open.begin(), services_.open.end());
    for (const auto& connection : open) connection->drain();
    deadline_ = std::chrono::steady_clock::now() + kDrain;
    await_end();
  }

  // Looks a few times a second whether the last answer has ended; only while the server ends.
  void await_end() {
    if (services_.open.empty()) {
      services_.io.stop();
      return;
    }
    if (std::chrono::steady_clock::now() >= deadline_) {
      const std::vector<std::shared_ptr<Connection>> open(services_.open.begin(), services_.open.end());
      for (const auto& connection : open) cancelled_ ? connection->abandon() : connection->cancel_answer();
      if (cancelled_) {
        services_.io.stop();
        return;
      }
      cancelled_ = true;  // clients are sent that their answers ended early
      deadline_ += kLastWords;
    }
    timer_.expires_after(std::chrono::milliseconds(50));
    timer_.async_wait([this](ErrorCode) { await_end(); });
  }

  Services services_;
  Acceptor acceptor_;
  Address listened_;
  asio::ip::tcp::socket spare_;  ///< a descriptor that is kept for saying that there is none
  asio::posix::stream_descriptor signals_;
  asio::steady_timer timer_;
  std::chrono::steady_clock::time_point deadline_{};
  bool cancelled_ = false;  ///< the answers that were left at the deadline
};

}  // namespace

void check_server_is_built() {}

void check_address(const Address& address) { check_can_listen(address); }

void serve_until_stopped(const ServerSettings& settings, Models& models,
                         const std::function<void(const Address&)>& listening) {
  Server server(settings, models);
  listening(server.listen());
  server.run();
}

}  // namespace brim::apps::serve
