// See connection.hpp. How a request comes in; what goes out is in connection_sending.cpp.
#include "apps/serve/connection.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <string_view>
#include <thread>
#include <utility>

#include "apps/serve/connection_handler.hpp"
#include "apps/serve/engine_failures.hpp"
#include "apps/serve/page.hpp"
#include "apps/serve/response.hpp"

namespace brim::apps::serve {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr auto kIdle = std::chrono::seconds(75);         ///< for the first byte of a request
constexpr auto kReceive = std::chrono::seconds(10);      ///< from there, for a head; a body adds to it by its size
constexpr std::size_t kSlowest = std::size_t{64} << 10;  ///< bytes of a body per second
constexpr std::size_t kFirstBytes = std::size_t{4} << 10;

}  // namespace

Connection::Connection(StreamSocket socket, std::string peer, Services& services)
    : services_(services),
      peer_(std::move(peer)),
      stream_(std::move(socket)),
      buffer_(std::size_t{128} << 10),
      timer_(services.io) {
  ErrorCode ignored;
  stream_.socket().non_blocking(true, ignored);
  stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);  // a Unix socket has no such delay
}

// Until its first byte comes a connection costs nothing, and may be closed to make room for another one.
void Connection::await_request() {
  state_ = State::idle;
  began_ = std::chrono::steady_clock::now();
  head_only_ = false;
  late_ = false;
  origin_.clear();
  call_ = {};
  certain_ = asks_to_go_on_ = false;
  if (buffer_.size() > 0) {  // sent together with the request before
    read_head();
    return;
  }
  stream_.expires_after(kIdle);
  const auto room = buffer_.prepare(kFirstBytes);
  stream_.async_read_some(room, [self = shared_from_this()](ErrorCode failure, std::size_t size) {
    if (self->state_ == State::closed) return;
    if (failure) {
      self->close();
      return;
    }
    self->buffer_.commit(size);
    try {
      self->read_head();
    } catch (...) {
      self->abandon();
    }
  });
}

void Connection::read_head() {
  state_ = State::receiving;
  began_ = std::chrono::steady_clock::now();
  parser_.emplace();
  set_limits(*parser_, services_.settings.body_limit);
  limit_receiving(kReceive);
  http::async_read_header(stream_, buffer_, *parser_,
                          handler([](Connection& self, ErrorCode failure) { self.on_head(failure); }));
}

// The time counts from the request's first byte, however many pieces follow. A time limit of the stream would close it
// without a word.
void Connection::limit_receiving(std::chrono::seconds time) {
  stream_.expires_never();
  timer_.expires_at(began_ + time);
  timer_.async_wait(handler([](Connection& self, ErrorCode failure) {
    const bool now = !failure && std::chrono::steady_clock::now() >= self.timer_.expiry();
    if (!now || self.state_ != State::receiving) return;
    self.late_ = true;
    ErrorCode ignored;
    self.stream_.socket().cancel(ignored);
    // A read that has just got a byte is not cancelled and goes on: so it is cancelled again, until one ends.
    const auto spent = std::chrono::floor<std::chrono::seconds>(std::chrono::steady_clock::now() - self.began_);
    self.limit_receiving(spent + std::chrono::seconds(1));
  }));
}

// Answers what is not a request in HTTP's form. Returns whether there was a failure.
bool Connection::reject_message(ErrorCode failure) {
  if (!failure) return false;
  if (late_ && failure == asio::error::operation_aborted) {
    keep_ = false;
    call_.path = path_of(*parser_);
    send_refusal(Refusal(408,
                         "the request came too slowly: expected its head within 10 seconds, and 64 KiB of its body "
                         "in each second after that"));
    return true;
  }
  const bool form = failure.category() == http::make_error_code(http::error::end_of_stream).category();
  if (!form || failure == http::error::end_of_stream || failure == http::error::partial_message) {
    close();
    return true;
  }
  keep_ = false;
  call_.path = path_of(*parser_);  // as far as it came: errors have its form
  if (failure == http::error::header_limit) {
    send_refusal(Refusal(431, "the request's headers have more than 16384 bytes"));
  } else if (failure == http::error::body_limit) {
    send_refusal(Refusal(413, "the request's body is larger than this server takes (brim serve --body-limit)"));
  } else {
    send_refusal(Refusal(400, "the request is not well-formed HTTP"));
  }
  return true;
}

void Connection::on_head(ErrorCode failure) {
  if (reject_message(failure)) return;
  keep_ = false;  // until the request has been received as a whole
  try {
    admit();
    reserve_body();
  } catch (const Refusal& refusal) {
    keep_ = certain_ && parser_->is_done() && parser_->keep_alive();
    send_refusal(refusal);
    return;
  }
  if (state_ != State::receiving) return;
  if (parser_->is_done()) {
    on_body({});
    return;
  }
  const auto length = parser_->content_length();
  const std::size_t bytes = length ? static_cast<std::size_t>(*length) : services_.settings.body_limit;
  limit_receiving(kReceive + std::chrono::seconds(bytes / kSlowest));
  if (!asks_to_go_on_) {
    read_body();
    return;
  }
  static constexpr std::string_view kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
  asio::async_write(stream_, asio::buffer(kGoOn.data(), kGoOn.size()),
                    handler([](Connection& self, ErrorCode sent) { sent ? self.close() : self.read_body(); }));
}

// Who asks for what; throws Refusal. Answers OPTIONS and requests for the page itself.
void Connection::admit() {
  call_ = {};
  call_.path = path_of(*parser_);
  call_.query = query_of(*parser_);
  const RequestHead head = request_head(*parser_);
  certain_ = true;
  modern_ = head.modern;
  asks_to_go_on_ = head.expects;
  call_.method = head.method;
  head_only_ = call_.method == "HEAD";
  services_.guard.check_names(head.host, head.origin);
  origin_.assign(head.origin);
  if (call_.method == "OPTIONS") {
    keep_ = parser_->is_done() && parser_->keep_alive();
    Reply reply = services_.guard.preflight(head.origin, head.asked_headers);
    origin_.clear();  // the reply has what pages need
    send_reply(std::move(reply));
    return;
  }
  if (services_.settings.page && is_page_path(call_.path)) {
    keep_ = parser_->is_done() && parser_->keep_alive();
    send_reply(page_reply(call_.method, call_.path, head.if_none_match));
    return;
  }
  if (!Endpoints::is_open(call_.path)) {
    call_.key = services_.guard.check_key(head.authorization, head.api_key);
  }
  Endpoints::check(call_.method, call_.path);
}

// Bodies in memory are bounded over all connections; throws Refusal (503).
void Connection::reserve_body() {
  if (state_ != State::receiving || parser_->is_done()) return;
  const auto length = parser_->content_length();
  const std::size_t bytes = length ? static_cast<std::size_t>(*length) : services_.settings.body_limit;
  if (services_.body_bytes + bytes > services_.settings.body_limit * kBodiesAtOnce) {
    Refusal busy(503, "other requests fill the memory for bodies: try again", "", "busy");
    busy.later = true;
    throw busy;
  }
  services_.body_bytes += bytes;
  reserved_ = bytes;
}

void Connection::release_body() noexcept { services_.body_bytes -= std::exchange(reserved_, 0); }

void Connection::read_body() {
  http::async_read(stream_, buffer_, *parser_,
                   handler([](Connection& self, ErrorCode failure) { self.on_body(failure); }));
}

void Connection::on_body(ErrorCode failure) {
  if (reject_message(failure)) return;
  keep_ = parser_->keep_alive();
  call_.body = std::move(parser_->get().body());
  prepare();
}

// On a worker: rendering and tokenizing may take long, and must not hold up other connections.
void Connection::prepare() {
  state_ = State::preparing;
  has_asked_ = true;
  timer_.cancel();
  stream_.expires_never();
  observe();
  Services& services = services_;
  auto call = std::make_shared<const Call>(std::move(call_));
  call_ = {call->method, call->path, "", ""};
  // The body is in memory until it was handled, also where the client goes away before.
  const std::size_t bytes = reserved_;
  auto handled = std::make_shared<Models::Handled>();
  handled->outcome = Reply{503, "application/json", "", {{"x-should-retry", "false"}}};  // for want of memory
  const auto finish = [weak = weak_from_this(), handled, bytes, &services] {
    services.body_bytes -= bytes;
    const std::shared_ptr<Connection> self = weak.lock();
    if (!self || self->state_ != State::preparing) return;
    try {
      self->on_outcome(*handled);
    } catch (...) {
      self->abandon();
    }
  };
  asio::post(services.workers, [weak = weak_from_this(), call, handled, finish, &services] {
    try {
      if (!weak.expired()) *handled = services.models.handle(*call);
    } catch (...) {
      // The reply for want of memory stays.
    }
    while (true) {  // a worker must not end, nor a client wait without end
      try {
        asio::post(services.io, finish);
        return;
      } catch (...) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    }
  });
  reserved_ = 0;
}

void Connection::on_outcome(Models::Handled& handled) {
  answers_ = handled.answers;
  if (Reply* const reply = std::get_if<Reply>(&handled.outcome)) {
    send_reply(std::move(*reply));
    return;
  }
  if (EmbeddingJob* const job = std::get_if<EmbeddingJob>(&handled.outcome)) {
    submit_embeddings(*job);
    return;
  }
  try {
    submit(std::get<Prepared>(handled.outcome));
  } catch (const Exception& failure) {
    send_refusal(refusal_of(failure.status(), failure.what()));
  }
}

// A client that goes away while it is answered is noticed by this; one that only sends its next request is not gone.
void Connection::observe() {
  if (std::exchange(observing_, true)) return;
  stream_.socket().async_wait(asio::socket_base::wait_read,
                              handler([](Connection& self, ErrorCode failure) { self.on_readable(failure); }));
}

void Connection::on_readable(ErrorCode failure) {
  observing_ = false;
  if (failure || (state_ != State::preparing && state_ != State::answering)) return;
  char byte = 0;
  ErrorCode result;
  const std::size_t size =
      stream_.socket().receive(asio::buffer(&byte, 1), asio::ip::tcp::socket::message_peek, result);
  if (result == asio::error::would_block || result == asio::error::try_again) {
    observe();
  } else if (result || size == 0) {
    abandon();
  }
}

void Connection::drain() {
  if (state_ == State::idle) {
    close();
  } else {
    keep_ = false;
  }
}

void Connection::abandon() noexcept {
  if (id_ != 0) answers_->cancel(std::exchange(id_, 0));
  close();
}

void Connection::close() noexcept {
  if (state_ == State::closed) return;
  state_ = State::closed;
  ++turn_;
  release_body();
  release_vectors();
  try {
    timer_.cancel();
    stream_.close();
  } catch (...) {
    // It is closed when the last handler is gone.
  }
  try {
    services_.open.erase(shared_from_this());
  } catch (...) {
    // It was never registered.
  }
}

}  // namespace brim::apps::serve
