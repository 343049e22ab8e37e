// The vectors of one request: its inputs are submitted one after another, and the reply is sent whole when the last vector
// is there.
#pragma once

#include <brim/scheduler.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/serve/answer_body.hpp"
#include "apps/serve/reply.hpp"

namespace brim::apps::serve {

struct EmbeddingFamily;

/// A request for vectors whose inputs can be submitted.
struct EmbeddingJob {
  const EmbeddingFamily* family = nullptr;        ///< never null in use
  std::string model;                              ///< the name under which it is served
  std::string key;                                ///< Call::key
  std::vector<std::vector<std::int32_t>> inputs;  ///< the token ids of each: at least one input, none of them empty
  bool listed = false;                            ///< as in EmbeddingRequest, like the next two
  bool base64 = false;
  Scheduler::Request::Embedding pooling = Scheduler::Request::Embedding::last;
  std::int32_t seconds = 0;  ///< time limit for all inputs together
  std::vector<Header> headers;
};

/// One thread.
class EmbeddingBody {
 public:
  explicit EmbeddingBody(EmbeddingJob job);

  /// Whether an input is left, and nothing has failed.
  bool more() const { return !failure_ && taken_ < job_.inputs.size(); }
  /// The request for the next vector; only where there are more(). Its time limit is what is left of the time for all.
  Scheduler::Request next();
  /// Takes the only piece of the request that next() gave.
  void add(const AnswerPiece& piece);
  /// Ends it with a failure of the input whose turn it is: sentences name that.
  void fail_input(const Refusal& refusal);
  /// Ends it with a failure of the whole request.
  void fail(const Refusal& refusal) { failure_.emplace(refusal); }
  /// No input follows the one that is worked on.
  void stop() noexcept { deadline_ = {}; }
  /// Max size of the reply's body, where a vector has so many values.
  std::size_t max_bytes(std::size_t width) const;
  /// All vectors, or the failure; once, when there are no more().
  Reply whole();

 private:
  EmbeddingJob job_;
  std::chrono::steady_clock::time_point began_, deadline_;
  std::string text_;  ///< of the reply's body so far
  std::size_t taken_ = 0;
  std::int64_t prompt_tokens_ = 0;
  std::optional<Refusal> failure_;
};

/// The refusal of one input, by its place (input_place()), which the sentence then names.
Refusal refusal_of_input(const Refusal& refusal, const std::string& place);

/// Base64 with padding (RFC 4648, section 4).
std::string base64(std::string_view bytes);
/// A JSON array; every number is the shortest text that gives the same float again. All values are finite.
std::string numbers_json(std::span<const float> vector);
/// A JSON string: the base64 of the values as little-endian float32.
std::string base64_json(std::span<const float> vector);

}  // namespace brim::apps::serve
