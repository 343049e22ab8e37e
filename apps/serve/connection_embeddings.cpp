// See connection.hpp. Requests for vectors: their inputs take seats one after another, as other requests do, and the reply
// is sent when the last vector is there.
#include <fmt/format.h>

#include <utility>

#include "apps/serve/connection.hpp"
#include "apps/serve/delivery.hpp"
#include "apps/serve/engine_failures.hpp"

namespace brim::apps::serve {

void Connection::submit_embeddings(EmbeddingJob& job) {
  headers_ = std::move(job.headers);
  embeddings_.emplace(std::move(job));
  delivery_ = std::make_shared<Delivery>(weak_from_this(), services_.io, ++turn_);
  state_ = State::answering;
  call_.key.clear();
  observe();
  tick();
  next_embedding();
}

void Connection::take_embedding(const AnswerPiece& piece) {
  id_ = 0;
  try {
    // Only a vector says how wide vectors are, and so how long the reply becomes.
    if (vector_bytes_ == 0 && piece.status == BRIM_OK) {
      reserve_vectors(embeddings_->max_bytes(piece.embedding.size()));
    }
    embeddings_->add(piece);
  } catch (const Refusal& refusal) {
    embeddings_->fail(refusal);
  }
  next_embedding();
}

// Submits the next input, or sends the reply.
void Connection::next_embedding() {
  if (embeddings_->more()) {
    try {
      id_ = answers_->submit(embeddings_->next(), delivery_);
      return;
    } catch (const Exception& failure) {
      embeddings_->fail_input(refusal_of(failure.status(), failure.what()));
    }
  }
  delivery_.reset();
  timer_.cancel();
  Reply reply = embeddings_->whole();
  for (Header& header : std::exchange(headers_, {})) reply.headers.push_back(std::move(header));
  send_reply(std::move(reply));
}

// Replies with vectors are bounded over all connections, as bodies are.
void Connection::reserve_vectors(std::size_t bytes) {
  const std::size_t all = services_.settings.body_limit * kVectorsAtOnce;
  if (bytes > all) {
    throw Refusal(400,
                  fmt::format("the vectors may take {} bytes as text: expected at most {}, {} times --body-limit; send "
                              "fewer inputs at a time, or ask for base64",
                              bytes, all, kVectorsAtOnce),
                  "input");
  }
  if (services_.vector_bytes + bytes > all) {
    Refusal busy(503, "other requests fill the memory for vectors: try again", "", "busy");
    busy.later = true;
    throw busy;
  }
  services_.vector_bytes += bytes;
  vector_bytes_ = bytes;
}

void Connection::release_vectors() noexcept { services_.vector_bytes -= std::exchange(vector_bytes_, 0); }

}  // namespace brim::apps::serve
