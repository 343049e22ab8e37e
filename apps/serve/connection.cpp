// See connection.hpp. How a request comes in; what goes out is in connection_sending.cpp.
#include "apps/serve/connection.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <string_view>
#include <utility>

#include "apps/serve/connection_handler.hpp"
#include "apps/serve/engine_failures.hpp"
#include "apps/serve/page.hpp"
#include "apps/serve/response.hpp"

namespace brim::apps::serve {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr auto kIdle = std::chrono::seconds(75);  ///< between two requests, and for a whole head
constexpr auto kBody = std::chrono::seconds(60);  ///< for a whole body

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

template <class Head, class Name>
std::string_view value_of(const Head& head, Name name) {
  return view(head[name]);
}

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket, Services& services)
    : services_(services), stream_(std::move(socket)), buffer_(std::size_t{128} << 10), timer_(services.io) {
  ErrorCode ignored;
  stream_.socket().non_blocking(true, ignored);
  stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
}

void Connection::read_head() {
  state_ = State::idle;
  head_only_ = false;
  origin_.clear();
  call_ = {};
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(kHeaderLimit));
  parser_->body_limit(services_.settings.body_limit);
  stream_.expires_after(kIdle);
  http::async_read_header(stream_, buffer_, *parser_,
                          handler([](Connection& self, ErrorCode failure) { self.on_head(failure); }));
}

// Answers what is not a request in HTTP's form. Returns whether there was a failure.
bool Connection::reject_message(ErrorCode failure) {
  if (!failure) return false;
  const bool form = failure.category() == http::make_error_code(http::error::end_of_stream).category();
  if (!form || failure == http::error::end_of_stream || failure == http::error::partial_message) {
    close();
    return true;
  }
  keep_ = false;
  began_ = std::chrono::steady_clock::now();
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
  state_ = State::receiving;
  began_ = std::chrono::steady_clock::now();
  keep_ = false;  // until the request has been received as a whole
  try {
    admit();
    reserve_body();
  } catch (const Refusal& refusal) {
    keep_ = parser_->is_done() && parser_->keep_alive();
    send_refusal(refusal);
    return;
  }
  if (state_ != State::receiving) return;
  if (parser_->is_done()) {
    on_body({});
    return;
  }
  if (value_of(parser_->get(), http::field::expect) != "100-continue") {
    read_body();
    return;
  }
  static constexpr std::string_view kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
  stream_.expires_after(kBody);
  asio::async_write(stream_, asio::buffer(kGoOn.data(), kGoOn.size()),
                    handler([](Connection& self, ErrorCode sent) { sent ? self.close() : self.read_body(); }));
}

// Who asks for what; throws Refusal. Answers OPTIONS and requests for the page itself.
void Connection::admit() {
  const auto& head = parser_->get();
  modern_ = head.version() >= 11;
  const std::string_view target = view(head.target());
  call_ = {std::string(view(head.method_string())), std::string(target.substr(0, target.find('?'))), "", ""};
  head_only_ = call_.method == "HEAD";
  const std::string_view origin = value_of(head, http::field::origin);
  origin_.clear();
  services_.guard.check_names(value_of(head, http::field::host), origin);
  origin_.assign(origin);
  if (call_.method == "OPTIONS") {
    keep_ = parser_->is_done() && parser_->keep_alive();
    Reply reply = services_.guard.preflight(origin, value_of(head, "Access-Control-Request-Headers"));
    origin_.clear();  // the reply has what pages need
    send_reply(std::move(reply));
    return;
  }
  if (services_.settings.page && is_page_path(call_.path)) {
    keep_ = parser_->is_done() && parser_->keep_alive();
    send_reply(page_reply(call_.method, call_.path, value_of(parser_->get(), http::field::if_none_match)));
    return;
  }
  if (!Endpoints::is_open(call_.path)) {
    call_.key = services_.guard.check_key(value_of(head, http::field::authorization), value_of(head, "x-api-key"));
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
  stream_.expires_after(kBody);
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
  stream_.expires_never();
  observe();
  Services& services = services_;
  auto call = std::make_shared<const Call>(std::move(call_));
  call_ = {call->method, call->path, "", ""};
  asio::post(services.workers, [weak = weak_from_this(), call, &services] {
    auto outcome = std::make_shared<Outcome>();
    try {
      *outcome = services.endpoints.handle(*call);
    } catch (...) {
      *outcome = Reply{503, "application/json", "", {{"x-should-retry", "false"}}};
    }
    asio::post(services.io, [weak, outcome] {
      const std::shared_ptr<Connection> self = weak.lock();
      if (!self || self->state_ != State::preparing) return;
      try {
        self->on_outcome(*outcome);
      } catch (...) {
        self->abandon();
      }
    });
  });
}

void Connection::on_outcome(Outcome& outcome) {
  release_body();
  if (Reply* const reply = std::get_if<Reply>(&outcome)) {
    send_reply(std::move(*reply));
    return;
  }
  try {
    submit(std::get<Prepared>(outcome));
  } catch (const Exception& failure) {
    send_refusal(refusal_of(failure.status(), failure.what()));
  }
}

// A client that goes away while it is answered is noticed by this; one that only sends its next request is not gone.
void Connection::observe() {
  if (std::exchange(observing_, true)) return;
  stream_.socket().async_wait(asio::ip::tcp::socket::wait_read,
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
  if (id_ != 0) services_.answers.cancel(std::exchange(id_, 0));
  close();
}

void Connection::close() noexcept {
  if (state_ == State::closed) return;
  state_ = State::closed;
  ++turn_;
  release_body();
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
