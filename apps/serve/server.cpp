// See server.hpp.
#include "apps/serve/server.hpp"

#include <fmt/format.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <new>
#include <vector>

#include "apps/commands.hpp"
#include "apps/serve/connection.hpp"
#include "apps/terminal/error_output.hpp"
#include "apps/terminal/interrupts.hpp"

namespace brim::apps::serve {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr auto kDrain = std::chrono::seconds(30);
constexpr auto kLastWords = std::chrono::seconds(2);
constexpr auto kNoDescriptor = std::chrono::milliseconds(200);  ///< before the next try to accept

class Server {
 public:
  Server(const ServerSettings& settings, const Endpoints& endpoints, Answers& answers)
      : services_(settings, endpoints, answers),
        acceptor_(services_.io),
        signals_(services_.io),
        timer_(services_.io) {}
  ~Server() {
    if (signals_.is_open()) (void)signals_.release();  // it belongs to apps/terminal/interrupts
    services_.workers.stop();
    services_.workers.join();
    services_.answers.end();  // it hands pieces to what ends here
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  Address listen() {
    const Address& wanted = services_.settings.listen;
    ErrorCode failure;
    const tcp::endpoint endpoint(asio::ip::make_address(wanted.host, failure), wanted.port);
    if (!failure) acceptor_.open(endpoint.protocol(), failure);
    if (!failure) acceptor_.set_option(tcp::acceptor::reuse_address(true), failure);
    if (!failure) acceptor_.bind(endpoint, failure);
    if (!failure) acceptor_.listen(tcp::acceptor::max_listen_connections, failure);
    const tcp::endpoint bound = failure ? endpoint : acceptor_.local_endpoint(failure);
    if (failure) throw Failure(2, fmt::format("cannot listen on {}: {}", url_of(wanted), failure.message()));
    return {wanted.host, bound.port()};
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
    acceptor_.async_accept(services_.io, [this](ErrorCode failure, tcp::socket socket) {
      if (services_.draining || failure == asio::error::operation_aborted) return;
      if (failure) {  // no descriptor or no memory is left: clients wait in the system's queue
        timer_.expires_after(kNoDescriptor);
        timer_.async_wait([this](ErrorCode) {
          if (!services_.draining) accept();
        });
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

  void open(tcp::socket socket) {
    const bool full = services_.open.size() >= kMaxConnections;
    if (services_.open.size() >= kMaxConnections + kMaxConnections / 4) return;  // closes it without a word
    const auto connection = std::make_shared<Connection>(std::move(socket), services_);
    services_.open.insert(connection);
    if (full) {
      connection->refuse_and_close();
    } else {
      connection->start();
    }
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
  tcp::acceptor acceptor_;
  asio::posix::stream_descriptor signals_;
  asio::steady_timer timer_;
  std::chrono::steady_clock::time_point deadline_{};
  bool cancelled_ = false;  ///< the answers that were left at the deadline
};

}  // namespace

void check_server_is_built() {}

void serve_until_stopped(const ServerSettings& settings, const Endpoints& endpoints, Answers& answers,
                         const std::function<void(const Address&)>& listening) {
  Server server(settings, endpoints, answers);
  listening(server.listen());
  server.run();
}

}  // namespace brim::apps::serve
