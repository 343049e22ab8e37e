// See embedding_body.hpp.
#include "apps/serve/embedding_body.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <utility>

#include "apps/serve/engine_failures.hpp"
#include "apps/serve/families/embeddings.hpp"

namespace brim::apps::serve {
namespace {

constexpr std::size_t kNumberBytes = 16;  // "-1.17549435e-38" and a comma
constexpr std::size_t kItemBytes = 64;    // around a vector
constexpr std::size_t kReplyBytes = 256;  // around all of them, beside the model's name
constexpr std::size_t kEscaped = 6;       // bytes that a byte of a name takes at most: "\u001f"

std::size_t base64_bytes(std::size_t bytes) { return (bytes + 2) / 3 * 4; }

}  // namespace

EmbeddingBody::EmbeddingBody(EmbeddingJob job)
    : job_(std::move(job)),
      began_(std::chrono::steady_clock::now()),
      deadline_(began_ + std::chrono::seconds(job_.seconds)) {}

Scheduler::Request EmbeddingBody::next() {
  Scheduler::Request request;
  request.ids = std::move(job_.inputs[taken_]);
  request.key = job_.key;
  request.embedding = job_.pooling;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
  request.timeout_ms = static_cast<std::int32_t>(std::max<std::int64_t>(left.count(), 1));
  return request;
}

void EmbeddingBody::add(const AnswerPiece& piece) {
  if (piece.status != BRIM_OK) {
    fail_input(refusal_of(piece.status, piece.text));
    return;
  }
  const std::span<const float> vector = piece.embedding;
  if (vector.empty() || !std::all_of(vector.begin(), vector.end(), [](float value) { return std::isfinite(value); })) {
    fail_input(Refusal(500, "the model gives values that are not finite numbers: its file may be damaged", "",
                       "internal_error"));
    return;
  }
  if (taken_ == 0) {
    text_.reserve(max_bytes(vector.size()));
    text_ += job_.family->begin(job_.model);
  } else {
    text_ += ',';
  }
  text_ += job_.family->item(taken_);
  text_ += job_.base64 ? base64_json(vector) : numbers_json(vector);
  text_ += job_.family->item_end;
  prompt_tokens_ += piece.prompt_tokens;
  ++taken_;
  if (more() && std::chrono::steady_clock::now() >= deadline_) fail_input(refusal_of(BRIM_CANCELLED, ""));
}

void EmbeddingBody::fail_input(const Refusal& refusal) {
  failure_.emplace(refusal_of_input(refusal, input_place(job_.listed, taken_)));
}

std::size_t EmbeddingBody::max_bytes(std::size_t width) const {
  const std::size_t vector = 2 + (job_.base64 ? base64_bytes(width * sizeof(float)) : width * kNumberBytes);
  return job_.inputs.size() * (vector + kItemBytes) + kReplyBytes + kEscaped * job_.model.size();
}

Reply EmbeddingBody::whole() {
  if (failure_) return error_reply(*failure_, job_.family->client);
  const std::chrono::nanoseconds spent = std::chrono::steady_clock::now() - began_;
  text_ += job_.family->end({job_.model, prompt_tokens_, spent.count()});
  text_ += '\n';
  Reply reply;
  reply.body = std::move(text_);
  return reply;
}

Refusal refusal_of_input(const Refusal& refusal, const std::string& place) {
  Refusal named(refusal.status, place + ": " + refusal.what(), refusal.status == 400 ? place : "", refusal.code);
  named.later = refusal.later;
  return named;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve(base64_bytes(bytes.size()));
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group <<= 8;
      if (i < count) group |= static_cast<unsigned char>(bytes[at + i]);
    }
    for (std::size_t i = 0; i < 4; ++i) text += i <= count ? kAlphabet[(group >> (18 - 6 * i)) & 63] : '=';
  }
  return text;
}

std::string numbers_json(std::span<const float> vector) {
  std::string text = "[";
  text.reserve(vector.size() * kNumberBytes + 2);
  for (const float value : vector) fmt::format_to(std::back_inserter(text), "{},", value);
  if (vector.empty()) return "[]";
  text.back() = ']';
  return text;
}

std::string base64_json(std::span<const float> vector) {
  std::string bytes;
  bytes.reserve(vector.size() * sizeof(float));
  for (const float value : vector) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>((bits >> shift) & 0xFF);
  }
  return '"' + base64(bytes) + '"';
}

}  // namespace brim::apps::serve
