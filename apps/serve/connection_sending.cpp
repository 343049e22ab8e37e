// See connection.hpp. What goes out: replies, streams of events, and the end of a connection.
#include <fmt/format.h>

#include <boost/asio/write.hpp>
#include <utility>

#include "apps/serve/connection.hpp"
#include "apps/serve/connection_handler.hpp"
#include "apps/serve/delivery.hpp"
#include "apps/serve/families/families.hpp"
#include "apps/serve/peers.hpp"
#include "apps/serve/response.hpp"
#include "apps/terminal/error_output.hpp"
#include "engine/base/quote.hpp"

namespace brim::apps::serve {
namespace {

namespace asio = boost::asio;

constexpr auto kWrite = std::chrono::seconds(30);  ///< for a client to take what was sent
constexpr auto kTick = std::chrono::seconds(10);   ///< between two comments that keep a quiet stream open
constexpr auto kLinger = std::chrono::seconds(2);  ///< for a client to see the reply before the connection is gone
constexpr std::size_t kMaxDiscarded = std::size_t{1} << 20;  ///< bytes of a refused body

}  // namespace

void Connection::submit(Prepared& prepared) {
  prepared.request.options = &prepared.options;
  body_.emplace(std::move(prepared.shape));
  delivery_ = std::make_shared<Delivery>(weak_from_this(), services_.io, ++turn_);
  id_ = answers_->submit(prepared.request, delivery_);
  state_ = State::answering;
  quiet_ = false;
  call_.key.clear();
  std::vector<Header> headers = std::move(prepared.headers);
  for (Header& header : services_.guard.cors(origin_)) headers.push_back(std::move(header));
  if (body_->stream()) {
    keep_ = keep_ && modern_ && !services_.draining;
    send(stream_head(body_->type(), headers, keep_, modern_) + stream_piece(body_->begin(), modern_));
  } else {
    headers_ = std::move(headers);
  }
  observe();
  tick();
}

void Connection::take(std::uint64_t turn, const AnswerPiece& piece) {
  if (turn != turn_ || state_ != State::answering) return;
  if (embeddings_) {
    take_embedding(piece);
    return;
  }
  if (body_->stream() && out_bytes_ > kMaxUnsent) {
    abandon();  // the client takes its answer more slowly than it comes
    return;
  }
  const std::string events = body_->add(piece);  // the last one of a response has the whole text several times
  if (body_->stream() && !events.empty()) {
    quiet_ = false;
    send(stream_piece(events, modern_));
  }
  if (!piece.last()) return;
  id_ = 0;
  delivery_.reset();
  timer_.cancel();
  if (!body_->stream()) {
    Reply reply = body_->whole();
    for (Header& header : std::exchange(headers_, {})) reply.headers.push_back(std::move(header));
    origin_.clear();  // its headers are among these
    send_reply(std::move(reply));
    return;
  }
  state_ = State::sending;
  finish_ = true;
  if (body_->failed()) keep_ = false;
  log(200);
  send(std::string(stream_end(modern_)));
}

void Connection::tick() {
  timer_.expires_after(kTick);
  timer_.async_wait(handler([](Connection& self, ErrorCode failure) {
    if (failure || self.state_ != State::answering) return;
    if (self.delivery_->lost()) {
      self.abandon();
      return;
    }
    if (self.body_ && self.body_->stream() && std::exchange(self.quiet_, true)) {
      self.send(stream_piece(self.body_->keep_alive(), self.modern_));
    }
    self.tick();
  }));
}

void Connection::send_refusal(const Refusal& refusal) { send_reply(error_reply(refusal, client_of(call_.path))); }

void Connection::send_reply(Reply reply) {
  state_ = State::sending;
  finish_ = true;
  keep_ = keep_ && !services_.draining;
  for (Header& header : services_.guard.cors(origin_)) reply.headers.push_back(std::move(header));
  log(reply.status);
  const bool separate = reply.body.size() > kMaxUnsent && !head_only_;  // a body of that size is not copied
  send(whole_response(reply, keep_, head_only_ || separate));
  if (separate) send(std::move(reply.body));
}

// One write at a time; an empty text only continues.
void Connection::send(std::string bytes) {
  if (!bytes.empty()) {
    out_bytes_ += bytes.size();
    out_.push_back(std::move(bytes));
  }
  if (writing_) return;
  if (!out_.empty()) {
    write();
  } else if (finish_) {
    next_request();
  }
}

void Connection::write() {
  writing_ = true;
  stream_.expires_after(kWrite);
  asio::async_write(stream_, asio::buffer(out_.front()),
                    handler([](Connection& self, ErrorCode failure) { self.on_written(failure); }));
}

void Connection::on_written(ErrorCode failure) {
  writing_ = false;
  if (failure) {
    abandon();
    return;
  }
  out_bytes_ -= out_.front().size();
  out_.pop_front();
  send({});
}

void Connection::next_request() {
  finish_ = false;
  release_body();
  release_vectors();
  body_.reset();
  embeddings_.reset();
  parser_.reset();
  if (keep_ && !services_.draining) {
    await_request();
  } else {
    linger();
  }
}

// Closing a socket with unread bytes may take back what was sent: so the client ends the connection, or has this long.
void Connection::linger() {
  ErrorCode ignored;
  stream_.socket().shutdown(asio::socket_base::shutdown_send, ignored);
  stream_.expires_after(kLinger);
  discarded_ = 0;
  discard();
}

void Connection::discard() {
  buffer_.clear();
  const auto room = buffer_.prepare(std::size_t{16} << 10);
  stream_.async_read_some(room, [self = shared_from_this()](ErrorCode failure, std::size_t size) {
    if (self->state_ == State::closed) return;
    self->discarded_ += size;
    if (failure || self->discarded_ > kMaxDiscarded) {
      self->close();
    } else {
      self->discard();
    }
  });
}

void Connection::refuse_and_close() {
  refused_ = true;
  keep_ = false;
  began_ = std::chrono::steady_clock::now();
  send_refusal(too_many_connections());
}

void Connection::log(int status) const {
  if (!services_.settings.log_requests) return;
  const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - began_;
  say(fmt::format("{} {} {} {:.0f} ms", quoted(call_.method, 16), quoted(call_.path, 64), status, spent.count()));
}

}  // namespace brim::apps::serve
