// A list of messages and the template that turns it into text. User text is never parsed as control tokens: where it
// contains the text of one, a mark is inserted inside it before rendering, and the encoder splits the text there.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/base/work_meter.hpp"
#include "engine/template/chat_template.hpp"
#include "engine/text/tokenizer.hpp"

namespace brim::generate {

/// One thread at a time. Borrows the tokenizer. The answer that is being written is kept apart from the other messages,
/// in memory that was reserved for it: it grows without allocating. Where a meter is passed, it counts the work and may
/// cancel it (ErrorCode::cancelled).
class Conversation {
 public:
  /// `choice`: a built-in template's name or Jinja source; empty: `own`, the model's, or "plain" when that is empty too.
  /// Errors: those of ChatTemplate::parse, with the built-in names offered; cancelled.
  static Result<Conversation> create(const text::Tokenizer& tokenizer, const std::string& choice,
                                     const std::string& own, WorkMeter* meter = nullptr);
  static constexpr std::size_t kFirstMessages = 16;  ///< for which there is always room
  /// Room for the answer that is being written, and for the first messages.
  void reserve(std::size_t answer_bytes) {
    answer_.reserve(answer_bytes);
    messages_.reserve(kFirstMessages);
  }

  /// A message as a conversation keeps it: bytes that are not UTF-8 become U+FFFD, and so does the mark. Errors: invalid_argument for an unknown
  /// role; cancelled.
  static Result<templates::ChatMessage> make_message(std::string_view role, std::string_view content,
                                                     WorkMeter* meter = nullptr);
  /// The same for the messages of a JSON array (read_messages says which, and what `dropped` gets). Errors:
  /// invalid_argument for anything but a JSON array of messages; cancelled.
  static Result<std::vector<templates::ChatMessage>> parse(std::string_view json, WorkMeter* meter = nullptr,
                                                           std::vector<std::string>* dropped = nullptr);

  /// Appends a message behind the answer, which then becomes an ordinary message. All or nothing, also without memory.
  void add(templates::ChatMessage message);
  Status add(std::string_view role, std::string_view content);
  /// Replaces all messages, including the answer; returns the previous ones.
  std::vector<templates::ChatMessage> replace(std::vector<templates::ChatMessage> messages) noexcept;

  /// A text in front of the user's first message, with which it becomes one message. Given while there is no message of
  /// the user yet; empty: none.
  void set_document(std::string text) noexcept { document_ = std::move(text); }
  const std::string& document() const noexcept { return document_; }
  /// What stands between it and the first message.
  static constexpr std::string_view kBehindDocument = "\n\n";
  /// A conversation that begins with a system message (empty: none) and a document, rendered up to where the user's first
  /// message goes on behind the document. Errors: those of render().
  Result<std::string> render_document(const std::string& system, const std::string& document,
                                      WorkMeter* meter = nullptr) const;

  /// The whole conversation up to the end of what its last message says, so that it can go on. Errors: those of
  /// render(); unsupported where the template does not show that message.
  Result<std::string> render_continued(WorkMeter* meter = nullptr) const;

  /// The assistant begins a message, which extend_answer() writes. There must not be an answer yet.
  void begin_answer() noexcept { has_answer_ = true; }
  bool has_answer() const noexcept { return has_answer_; }
  std::string_view answer() const noexcept { return answer_; }
  /// Does not allocate while the answer fits its room.
  void extend_answer(std::string_view text) { answer_ += text; }
  /// Drops the older half of an answer that is longer than half of `max` bytes. Returns whether it did.
  bool cut_answer(std::int64_t max) noexcept;
  /// Turns the answer, with `rest` appended, into an ordinary message, and undoes that. Without an answer: nothing.
  void close_answer(std::string_view rest);
  void reopen_answer(std::size_t rest) noexcept;
  /// Turns the last message, which must be the assistant's, into the answer again.
  void reopen_answer() noexcept { reopen_answer(0); }
  void drop_answer() noexcept;

  /// Messages without the answer.
  std::size_t size() const noexcept { return messages_.size(); }
  templates::ChatMessage take_last() noexcept;
  /// Puts a message into room that exists already: what take_last() returned, or the first message after clear().
  void put_back(templates::ChatMessage message) noexcept { messages_.push_back(std::move(message)); }
  /// Drops all messages but the first `count`; the answer stays.
  void drop_after(std::size_t count) noexcept { messages_.resize(std::min(count, messages_.size())); }
  /// Whether the last message, or the answer, has this role.
  bool last_is(std::string_view role) const noexcept;
  /// Whether that message, counted from the first, has this role; not the answer.
  bool is_from(std::string_view role, std::size_t message) const noexcept { return messages_[message].role == role; }
  /// Where messages hold more than half of `max` bytes: drops the oldest messages except the system's, up to one of
  /// the user, until a quarter is left, but never the last exchange. Where more than half is held after the user's last
  /// message (or where there is none), drops the oldest of those too, except the last. Returns whether it dropped any.
  bool drop_oldest(std::int64_t max) noexcept;
  /// What the messages hold: text, names and the structure around them. Without the answer that is being written.
  std::int64_t bytes() const noexcept;
  bool empty() const noexcept { return messages_.empty() && !has_answer_; }
  void clear() noexcept;
  /// Sets, replaces or (when empty) removes the system message.
  void set_system(std::string_view content);

  /// A JSON array of {"role", "content"}; not complete when `meter` is cancelled.
  std::string json(WorkMeter* meter = nullptr) const;

  /// The text of the whole conversation, including marks; up to where the assistant answers, or (`to_answer` false) to
  /// the end of its last message. `without`: the number of last messages that are left out. Errors: the template's;
  /// cancelled.
  Result<std::string> render(bool to_answer = true, WorkMeter* meter = nullptr, std::size_t without = 0) const;
  /// The ids of rendered text, or of a later part of rendered text (`at_start` false: no BOS). Errors: the tokenizer's;
  /// cancelled.
  Result<std::vector<TokenId>> encode(std::string_view rendered, bool at_start, WorkMeter* meter = nullptr) const;

 private:
  Conversation(const text::Tokenizer& tokenizer, templates::ChatTemplate chat_template)
      : tokenizer_(&tokenizer), template_(std::move(chat_template)) {}
  std::string protect(const std::string& content, WorkMeter* meter) const;
  Result<std::string> render_messages(std::span<const templates::ChatMessage> messages, bool to_answer,
                                      WorkMeter* meter) const;
  /// Up to the end of the last message's content, which may go on with any character.
  Result<std::string> render_open(std::vector<templates::ChatMessage> messages, bool to_answer, WorkMeter* meter) const;
  /// Drops messages [begin, end), oldest first, until at most `max` bytes of them are left. Returns whether it dropped
  /// any.
  bool drop_range(std::size_t begin, std::size_t end, std::int64_t max) noexcept;

  const text::Tokenizer* tokenizer_;
  templates::ChatTemplate template_;
  std::vector<templates::ChatMessage> messages_;  // without the answer
  std::string document_;
  std::string answer_;
  bool has_answer_ = false;
};

}  // namespace brim::generate
