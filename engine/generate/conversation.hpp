// A list of messages and the template that turns it into text. What people write is never read as control tokens: where it
// contains the text of one, a mark is set inside before rendering, and the encoder splits the text there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/text/chat_template.hpp"
#include "engine/text/tokenizer.hpp"

namespace brim::generate {

/// One thread at a time. Borrows the tokenizer.
class Conversation {
 public:
  /// `choice`: a built-in template's name or Jinja source; empty: `own`, the model's, or "plain" when that is empty too.
  /// Errors: those of ChatTemplate::parse, with the built-in names offered.
  static Result<Conversation> create(const text::Tokenizer& tokenizer, const std::string& choice, const std::string& own);

  /// Appends a message; bytes that are no UTF-8 become U+FFFD. Errors: invalid_argument for an unknown role.
  Status add(std::string_view role, std::string_view content);
  void drop_last() { messages_.erase(messages_.size() - 1); }
  /// Adds to the last message, which must be the assistant's.
  void extend_last(std::string_view content);
  bool last_is(std::string_view role) const;
  bool empty() const { return messages_.empty(); }
  void clear() { messages_ = text::Json::array(); }
  /// Sets, replaces or (when empty) removes the system message.
  void set_system(std::string_view content);

  /// A JSON array of {"role", "content"}.
  std::string json() const;
  /// Replaces all messages. Errors: invalid_argument for anything but such an array; nothing is changed then.
  Status load(std::string_view json);

  /// The text of the whole conversation up to where the assistant answers, marks included.
  Result<std::string> render() const;
  /// The ids of rendered text or of a later part of it (`at_start` false: no BOS).
  Result<std::vector<text::TokenId>> encode(std::string_view rendered, bool at_start) const;

 private:
  Conversation(const text::Tokenizer& tokenizer, text::ChatTemplate chat_template)
      : tokenizer_(&tokenizer), template_(std::move(chat_template)) {}
  std::string protect(const std::string& content) const;

  const text::Tokenizer* tokenizer_;
  text::ChatTemplate template_;
  text::Json messages_ = text::Json::array();
  std::vector<std::string> control_texts_;
};

}  // namespace brim::generate
