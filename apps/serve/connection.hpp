// One connection: requests come in one after another, each with limits that hold before it is parsed, and answers go
// out. Everything here happens on the thread that serves connections, and waits for nothing.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "apps/serve/answers.hpp"
#include "apps/serve/endpoints.hpp"
#include "apps/serve/guard.hpp"
#include "apps/serve/settings.hpp"

namespace brim::apps::serve {

class Connection;

/// What connections share. Changed by the thread that serves them alone.
struct Services {
  Services(const ServerSettings& given, const Endpoints& all, Answers& thread)
      : settings(given), endpoints(all), answers(thread), guard(given) {}

  const ServerSettings& settings;
  const Endpoints& endpoints;
  Answers& answers;
  Guard guard;
  boost::asio::io_context io;
  boost::asio::thread_pool workers{1};  ///< renders and tokenizes
  std::set<std::shared_ptr<Connection>> open;
  std::size_t body_bytes = 0;  ///< reserved for bodies, over all connections
  bool draining = false;       ///< no new request is taken
};

class Delivery;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, Services& services);

  void start() { read_head(); }
  /// Sends 503 and closes: for one connection too many.
  void refuse_and_close();
  /// Closes it now where it waits for a request, else after its answer.
  void drain();
  /// Ends its answer early; the client is sent that.
  void cancel_answer() noexcept {
    if (id_ != 0) services_.answers.cancel(id_);
  }
  /// The same without a word, and closes it.
  void abandon() noexcept;
  /// A piece of the answer that was submitted as number `turn`.
  void take(std::uint64_t turn, const AnswerPiece& piece);

 private:
  using ErrorCode = boost::system::error_code;
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  enum class State { idle, receiving, preparing, answering, sending, closed };

  /// A handler of Asio that calls `step` with the result; a failure for lack of memory ends this connection alone.
  template <class Step>
  auto handler(Step step);

  void read_head();
  void on_head(ErrorCode failure);
  void read_body();
  void on_body(ErrorCode failure);
  bool reject_message(ErrorCode failure);
  void admit();
  void reserve_body();
  void release_body() noexcept;
  void prepare();
  void on_outcome(Outcome& outcome);
  void submit(Prepared& prepared);
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
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  boost::asio::steady_timer timer_;  ///< ticks while an answer is in progress
  std::optional<Parser> parser_;
  State state_ = State::idle;
  std::chrono::steady_clock::time_point began_{};
  Call call_;
  std::string origin_;           ///< of the page that asks; "": none, or its headers are there already
  std::vector<Header> headers_;  ///< of an answer that is sent whole
  bool keep_ = false;            ///< the connection, for another request
  bool modern_ = true;           ///< HTTP/1.1
  bool head_only_ = false;       ///< HEAD
  bool observing_ = false;       ///< a wait for the client's going away is in progress
  bool quiet_ = false;           ///< no piece was sent since the last tick
  std::size_t reserved_ = 0, discarded_ = 0;
  std::uint64_t turn_ = 0;
  std::int64_t id_ = 0;  ///< of the request in the scheduler
  std::optional<AnswerBody> body_;
  std::shared_ptr<Delivery> delivery_;
  std::deque<std::string> out_;
  std::size_t out_bytes_ = 0;
  bool writing_ = false, finish_ = false;
};

}  // namespace brim::apps::serve
