// Sessions that talk: how the tests of conversations open one, and what it answers.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "engine/generate/session.hpp"
#include "tests/engine/generate/tiny.hpp"

namespace brim::test {

/// A session on one thread that takes the most likely token and that no end token stops.
inline std::unique_ptr<generate::Session> open_chat(const std::shared_ptr<const model::Model>& model,
                                                    const char* chat_template = "chatml") {
  generate::SessionOptions options;
  options.sequence.threads = 1;
  options.sampling.temperature = 0;
  options.chat_template = chat_template;
  options.ignore_end_tokens = true;
  auto session = generate::Session::create(model, options);
  if (!session) FAIL(session.error().sentence);
  return std::move(*session);
}

/// The text of the next `count` pieces.
inline std::string pieces(generate::Session& session, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    const auto piece = session.next();
    if (!piece) FAIL(piece.error().sentence);
    text += piece->text;
  }
  return text;
}

}  // namespace brim::test
