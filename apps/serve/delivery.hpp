// From the computing thread to a connection, which may be gone by then.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <utility>

#include "apps/serve/answers.hpp"
#include "apps/serve/connection.hpp"

namespace brim::apps::serve {

class Delivery : public AnswerSink {
 public:
  Delivery(std::weak_ptr<Connection> to, boost::asio::io_context& io, std::uint64_t turn)
      : to_(std::move(to)), io_(io), turn_(turn) {}

  void take(AnswerPiece piece) override {
    boost::asio::post(io_, [to = to_, turn = turn_, piece = std::move(piece)] {
      const std::shared_ptr<Connection> connection = to.lock();
      if (!connection) return;
      try {
        connection->take(turn, piece);
      } catch (...) {
        connection->abandon();
      }
    });
  }
  void lose() noexcept override { lost_.store(true); }
  /// Whether a piece could not be delivered, so that none follows.
  bool lost() const { return lost_.load(); }

 private:
  std::weak_ptr<Connection> to_;
  boost::asio::io_context& io_;
  std::uint64_t turn_;
  std::atomic<bool> lost_{false};
};

}  // namespace brim::apps::serve
