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

/// Bytes of text, of names and of the structure around them, that a conversation holds at most beside its latest message: eight
/// for each position of the context, and not less than 128 KiB. A cache of that context has forgotten what came before.
std::int64_t most_kept_text(std::int64_t context);
/// What a conversation of that much text takes at most while it is rendered and turned into ids, itself included. The
/// factor is measured (tests/memory): some 14 bytes for each of text.
inline std::int64_t text_memory(std::int64_t kept) { return 16 * kept; }

/// One thread at a time. Borrows the tokenizer.
class Conversation {
 public:
  /// `choice`: a built-in template's name or Jinja source; empty: `own`, the model's, or "plain" when that is empty too.
  /// Errors: those of ChatTemplate::parse, with the built-in names offered.
  static Result<Conversation> create(const text::Tokenizer& tokenizer, const std::string& choice, const std::string& own);

  /// Appends a message; bytes that are no UTF-8 become U+FFFD. Errors: invalid_argument for an unknown role.
  Status add(std::string_view role, std::string_view content);
  void drop_last() { messages_.pop_back(); }
  /// Adds to the last message, which must be the assistant's.
  void extend_last(std::string_view content);
  bool last_is(std::string_view role) const;
  /// Where more than half of `most` bytes is held: drops the oldest messages but the system's, up to one of the user, until a
  /// quarter is left, never the last exchange. Says whether it dropped any.
  bool drop_oldest(std::int64_t most);
  /// Drops the older half of the last message where it alone is longer than half of `most` bytes. Says whether it was.
  bool cut_last(std::int64_t most);
  bool empty() const { return messages_.empty(); }
  void clear() { messages_.clear(); }
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
  std::vector<text::ChatMessage> messages_;
};

}  // namespace brim::generate
