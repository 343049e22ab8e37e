// One connection: requests come in one after another, each with limits that hold before it is parsed, and answers go
// out. Everything here happens on the thread that serves connections, and waits for nothing.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "apps/serve/guard.hpp"
#include "apps/serve/listening.hpp"
#include "apps/serve/models.hpp"
#include "apps/serve/request_head.hpp"
#include "apps/serve/settings.hpp"

namespace brim::apps::serve {

class Connection;

/// What connections share. Changed by the thread that serves them alone.
struct Services {
  Services(const ServerSettings& given, Models& all) : settings(given), models(all), guard(given) {}

  const ServerSettings& settings;
  Models& models;
  Guard guard;
  boost::asio::io_context io;
  boost::asio::thread_pool workers{1};  ///< renders and tokenizes
  std::set<std::shared_ptr<Connection>> open;
  std::size_t body_bytes = 0;    ///< reserved for bodies, over all connections
  std::size_t vector_bytes = 0;  ///< the same for replies with vectors
  bool draining = false;         ///< no new request is taken
};

class Delivery;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// `peer`: peer_of() the socket.
  Connection(StreamSocket socket, std::string peer, Services& services);

  void start() { await_request(); }
  /// Sends 503 and closes: for one connection too many.
  void refuse_and_close();
  const std::string& peer() const { return peer_; }
  /// Whether it waits for the head of a request, and since when.
  bool waits() const {
    return state_ == State::idle || (state_ == State::receiving && parser_ && !parser_->is_header_done());
  }
  std::chrono::steady_clock::time_point waits_since() const { return began_; }
  /// Whether it has sent a whole request before.
  bool has_asked() const { return has_asked_; }
  /// Whether it has no place: it only gets to know so.
  bool refused() const { return refused_; }
  /// Closes it now where it waits for a request, else after its answer.
  void drain();
  /// Ends its answer early; the client is sent that.
  void cancel_answer() noexcept {
    if (embeddings_) embeddings_->stop();
    if (id_ != 0) answers_->cancel(id_);
  }
  /// The same without a word, and closes it.
  void abandon() noexcept;
  /// A piece of the answer that was submitted as number `turn`.
  void take(std::uint64_t turn, const AnswerPiece& piece);

 private:
  using ErrorCode = boost::system::error_code;
  enum class State { idle, receiving, preparing, answering, sending, closed };

  /// A handler of Asio that calls `step` with the result; a failure for lack of memory ends this connection alone.
  template <class Step>
  auto handler(Step step);

  void await_request();
  void read_head();
  void limit_receiving(std::chrono::seconds time);
  void on_head(ErrorCode failure);
  void read_body();
  void on_body(ErrorCode failure);
  bool reject_message(ErrorCode failure);
  void admit();
  void reserve_body();
  void release_body() noexcept;
  void prepare();
  void on_outcome(Models::Handled& handled);
  void submit(Prepared& prepared);
  void submit_embeddings(EmbeddingJob& job);
  void take_embedding(const AnswerPiece& piece);
  void next_embedding();
  void reserve_vectors(std::size_t bytes);
  void release_vectors() noexcept;
  void send_reply(Reply reply);
  void send_refusal(const Refusal& refusal);
  void send(std::string bytes);
  void write();
  void on_written(ErrorCode failure);
  void next_request();
  void linger();
  void discard();
  void observe();
  void on_readable(ErrorCode failure);
  void tick();
  void log(int status) const;
  void close() noexcept;

  Services& services_;
  std::string peer_;
  boost::beast::basic_stream<boost::asio::generic::stream_protocol> stream_;
  boost::beast::flat_buffer buffer_;
  boost::asio::steady_timer timer_;  ///< for a request to come as a whole; then ticks while an answer is in progress
  std::optional<RequestParser> parser_;
  State state_ = State::idle;
  std::chrono::steady_clock::time_point began_{};  ///< waiting for a request, and then its first byte
  Call call_;
  std::string origin_;           ///< of the page that asks; "": none, or its headers are there already
  std::vector<Header> headers_;  ///< of an answer that is sent whole
  bool keep_ = false;            ///< the connection, for another request
  bool modern_ = true;           ///< HTTP/1.1
  bool head_only_ = false;       ///< HEAD
  bool observing_ = false;       ///< a wait for the client's going away is in progress
  bool quiet_ = false;           ///< no piece was sent since the last tick
  bool has_asked_ = false;       ///< has sent a whole request before
  bool refused_ = false;         ///< has no place
  bool late_ = false;            ///< the request came too slowly
  bool certain_ = false;         ///< where the request ends
  bool asks_to_go_on_ = false;   ///< Expect: 100-continue
  std::size_t reserved_ = 0, vector_bytes_ = 0, discarded_ = 0;
  std::uint64_t turn_ = 0;
  Answers* answers_ = nullptr;  ///< of the model that the request is for
  std::int64_t id_ = 0;         ///< of the request in its scheduler; 0: none
  std::optional<AnswerBody> body_;
  std::optional<EmbeddingBody> embeddings_;  ///< in its place, where vectors are asked for
  std::shared_ptr<Delivery> delivery_;
  std::deque<std::string> out_;
  std::size_t out_bytes_ = 0;
  bool writing_ = false, finish_ = false;
};

}  // namespace brim::apps::serve
