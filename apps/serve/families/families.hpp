// The clients' families: each reads requests into one AnswerRequest, and writes answers and errors in its own form. One
// table in families.cpp; everything else here treats them alike.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "apps/serve/answer_body.hpp"
#include "apps/serve/answer_request.hpp"
#include "apps/serve/reply.hpp"

namespace brim::apps::serve {

/// Writes one answer. One thread.
class AnswerWriter {
 public:
  AnswerWriter() = default;
  virtual ~AnswerWriter() = default;
  AnswerWriter(const AnswerWriter&) = delete;
  AnswerWriter& operator=(const AnswerWriter&) = delete;

  /// What a stream begins with, before there is a piece.
  virtual std::string begin() { return {}; }
  /// What a stream is sent for the piece of `state`, which is not a failure; its last piece ends the stream.
  virtual std::string add(const AnswerState& state) = 0;
  /// What a stream is sent, and ends with, where the answer failed.
  virtual std::string fail(const Refusal& refusal) = 0;
  /// The body of an answer that is sent whole; `state` has its last piece.
  virtual OrderedJson whole(const AnswerState& state) const = 0;
};

/// What the paths of one kind of client have in common.
struct ClientForm {
  std::string_view prefix;       ///< of its paths
  std::string_view stream_type;  ///< Content-Type
  std::string_view keep_alive;   ///< what a quiet stream is sent; "": nothing
  OrderedJson (*error)(const Refusal& refusal);
};

struct AnswerFamily {
  std::string_view path;       ///< where such answers are asked for, by POST
  std::string_view id_prefix;  ///< "chatcmpl-"
  const ClientForm& client;
  AnswerRequest (*read)(const Json& body);
  std::unique_ptr<AnswerWriter> (*writer)(AnswerShape shape);
};

/// Null where no answers are asked for at this path.
const AnswerFamily* family_of(std::string_view path);
/// The form of the client that uses this path: OpenAI's where no other one does.
const ClientForm& client_of(std::string_view path);

/// In the client's form, with the headers of error_reply().
Reply error_reply(const Refusal& refusal, const ClientForm& client);

}  // namespace brim::apps::serve
