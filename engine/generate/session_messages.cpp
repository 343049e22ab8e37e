// Session's code for messages: what a conversation changes in the cache, and how a failed change is taken back.
#include <algorithm>
#include <array>
#include <new>

#include "engine/generate/session.hpp"
#include "engine/generate/stopwatch.hpp"

namespace brim::generate {

// A change that a message made to the conversation is undone at the end, unless it is kept.
struct Session::Undo {
  explicit Undo(Conversation& changed) : conversation(changed), messages(changed.size()) {}
  ~Undo() {
    if (kept) return;
    if (replaced) conversation.replace(std::move(old));
    conversation.drop_after(messages);
    if (dropped) conversation.put_back(std::move(*dropped));
    if (closed && !begun) conversation.reopen_answer(rest);
  }
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;

  // The answer becomes an ordinary message, together with its text that was held back.
  void close_answer(std::string_view held_back) {
    const bool there = conversation.has_answer();
    conversation.close_answer(held_back);
    closed = there;
    rest = held_back.size();
    messages = conversation.size();
  }
  // The last message is removed.
  void drop_last() {
    dropped = conversation.take_last();
    messages = conversation.size();
  }

  Conversation& conversation;
  std::size_t messages;                             // how many of the first ones to keep
  bool closed = false;                              // there was an answer; it is a message now
  std::size_t rest = 0;                             // bytes of the answer that were held back
  std::optional<templates::ChatMessage> dropped{};  // the last message, if dropped
  bool replaced = false;                            // all messages were replaced,
  std::vector<templates::ChatMessage> old{};        // these are the old ones
  bool begun = false;                               // the cache changed: the previous answer cannot continue
  bool kept = false;
};

// Where other texts may branch off from a conversation that is about to be processed: checkpoints are kept there, because
// states and windows cannot be cut back. One at the end of what is processed would not do: templates write past answers
// otherwise than the prompt that they were asked by.
struct Session::Branches {
  std::string_view rendered;                               // the conversation's text
  std::size_t known = 0;                                   // its bytes in front of `ids`
  std::span<const TokenId> ids;                            // of the rest
  std::int64_t first = 0;                                  // tokens of the text in front of `ids`
  std::int64_t kept = 0;                                   // tokens of the text that are not processed again
  std::array<std::int64_t, kv::kMaxCheckpoints> places{};  // filled from its end
  std::size_t count = 0;

  run::Marks marks() const { return std::span(places).last(count); }
  // Newest first. Returns whether earlier ones may be of use.
  bool add(std::int64_t tokens) {
    const std::int64_t place = first + tokens;
    if (tokens > 0 && (count == 0 || place < marks().front())) places[places.size() - ++count] = place;
    return tokens > 0 && place > kept && count < places.size();
  }
};

// How many of the ids are those of the conversation without its last `without` messages as well, not written up to where
// the assistant answers. A template that cannot write that shares none.
Result<std::int64_t> Session::tokens_shared(const Branches& of, bool to_answer, std::size_t without) {
  if (!to_answer && without == 0) return static_cast<std::int64_t>(of.ids.size());
  auto other = conversation_.render(false, &work_, without);
  if (!other && (other.error().code == ErrorCode::cancelled || other.error().code == ErrorCode::out_of_memory)) {
    return other.error();
  }
  if (!other || !other->starts_with(of.rendered.substr(0, of.known))) return 0;
  BRIM_ASSIGN(const std::vector<TokenId> ids,
              conversation_.encode(std::string_view(*other).substr(of.known), of.known == 0, &work_));
  return std::mismatch(ids.begin(), ids.end(), of.ids.begin(), of.ids.end()).first - ids.begin();
}

// Behind the last message, where the assistant may answer again, before it, and before each earlier message of the user
// that is processed now, as it is of a conversation that was loaded: these may be edited.
Status Session::find_branches(Branches& branches, bool to_answer) {
  // States get marks whether checkpoints have room or not: marks begin blocks. Windows alone have no use for them.
  if (!sequence_->keeps_states() && sequence_->memory().kv.checkpoints == 0) return {};
  const std::size_t messages = conversation_.size();
  for (std::size_t without = 0; without < messages; ++without) {
    if (without > 1 && !conversation_.is_from("user", messages - without)) continue;
    BRIM_ASSIGN(const std::int64_t tokens, tokens_shared(branches, to_answer, without));
    if (!branches.add(tokens) && without > 0) break;
  }
  return {};
}

// Brings the cache to the conversation's text: what follows the text that the cache holds, which ends with `answer`, is
// processed. When the text before that changed (templates may rewrite past answers), or there is no answer to compare
// with, ids are compared and the cache goes back to where they differ.
Status Session::read_conversation(std::optional<std::string_view> answer, bool to_answer, Undo& undo) {
  BRIM_ASSIGN(std::string rendered, conversation_.render(to_answer, &work_));
  std::string_view more = rendered;
  bool follows = answer && seen_text_ && !seen_text_->empty() && more.starts_with(*seen_text_);
  if (follows) more.remove_prefix(seen_text_->size());
  follows = follows && more.starts_with(*answer);
  std::vector<TokenId> ids;
  std::int64_t keep = sequence_->tokens();
  Branches branches;
  branches.rendered = rendered;
  if (follows) {
    more.remove_prefix(answer->size());
    BRIM_ASSIGN(ids, conversation_.encode(more, false, &work_));
    branches.known = rendered.size() - more.size();
    branches.ids = ids;
    branches.first = branches.kept = keep + (pending_ >= 0 ? 1 : 0);
    BRIM_TRY(find_branches(branches, to_answer));
    if (pending_ >= 0) ids.insert(ids.begin(), pending_);
  } else {
    BRIM_ASSIGN(ids, conversation_.encode(rendered, true, &work_));
    const auto history = sequence_->history();
    keep = 0;
    if (sequence_->history_start() == 0) {
      while (keep < static_cast<std::int64_t>(std::min(history.size(), ids.size())) &&
             history[static_cast<std::size_t>(keep)] == ids[static_cast<std::size_t>(keep)]) {
        ++keep;
      }
      // The last token is processed again for its logits.
      keep = std::max<std::int64_t>(std::min(keep, static_cast<std::int64_t>(ids.size()) - 1), 0);
    }
    branches.ids = ids;
    branches.kept = keep;
    BRIM_TRY(find_branches(branches, to_answer));
    ids.erase(ids.begin(), ids.begin() + keep);
  }
  if (!work_.poll()) return cancelled_error();
  // Nothing allocates from here on.
  undo.begun = true;
  end_conversing();
  const Stopwatch stopwatch(timings_.prompt_seconds);
  timings_.prompt_tokens = static_cast<std::int64_t>(ids.size());
  BRIM_TRY(sequence_->read_from(keep, ids, progress_, &cancel_, branches.marks()));
  seen_text_ = std::move(rendered);
  undo.kept = true;
  return {};
}

// What comes next is processed after what the cache has seen, dropped messages included: only the record of the text
// that the cache holds becomes shorter, as the template writes what is left. So dropping messages needs no prefill, and
// the cache evicts by its own rules. Where that text is not rendered (cancelled: the request then ends the next call;
// or no memory), ids are compared at the next message.
void Session::drop_oldest_messages(bool to_answer) noexcept {
  if (!conversation_.drop_oldest(max_text_) || !seen_text_) return;
  try {
    if (auto rendered = conversation_.render(to_answer, &work_)) {
      seen_text_ = std::move(*rendered);
      return;
    }
  } catch (const std::bad_alloc&) {
    // As where it is cancelled.
  }
  seen_text_.reset();
}

Status Session::check_size(std::string_view what, std::size_t bytes) const {
  if (bytes <= static_cast<std::size_t>(options_.max_message_bytes)) return {};
  return error(ErrorCode::invalid_argument, what, " has ", bytes, " bytes; expected at most ",
               options_.max_message_bytes, " (option max_message_bytes)");
}

// Max length of what messages() returns: each byte of text as \u00XX, for the kept text and two more messages.
Status Session::check_json_size(std::size_t bytes) const {
  constexpr std::int64_t kEscaped = 6, kStructure = std::int64_t{1} << 16;
  const std::int64_t max = kEscaped * (max_text_ + 2 * options_.max_message_bytes) + kStructure;
  if (bytes <= static_cast<std::size_t>(max)) return {};
  return error(ErrorCode::invalid_argument, "the messages have ", bytes, " bytes of JSON; expected at most ", max,
               " for this context (option max_message_bytes, ", options_.max_message_bytes, ", is for each message)");
}

Status Session::add_message(std::string_view role, std::string_view content) {
  BRIM_TRY(check_size("the message", content.size()));
  BRIM_ASSIGN(templates::ChatMessage message, Conversation::make_message(role, content, &work_));
  const bool behind_document = role == "user" && !conversation_.document().empty();
  if (behind_document) {
    message.content.insert(0, conversation_.document() + std::string(Conversation::kBehindDocument));
  }
  const std::string rest = held_back();
  const std::string answer = std::string(conversation_.answer()) + rest;
  Undo undo(conversation_);
  undo.close_answer(rest);
  conversation_.add(std::move(message));
  if (role == "system" || role == "assistant") {
    if (seen_text_) seen_text_->append(answer);
    undo.kept = true;
    answering_ = false;
    begin_stream();
    // Messages that were not processed yet belong to no text in the cache: ids are compared at the next one that is
    // processed.
    if (conversation_.drop_oldest(max_text_)) seen_text_.reset();
    return {};
  }
  BRIM_TRY(read_conversation(answer, true, undo));
  if (behind_document) conversation_.set_document({});
  drop_oldest_messages(true);
  conversation_.begin_answer();
  answering_ = true;
  return {};
}

Status Session::give_again() {
  if (!conversation_.last_is("assistant")) {
    return error(ErrorCode::wrong_state, "there is no answer to give again");
  }
  Undo undo(conversation_);
  undo.close_answer(held_back());
  undo.drop_last();
  // The text has to be compared by ids: the cache holds the answer that is dropped.
  BRIM_TRY(read_conversation(std::nullopt, true, undo));
  conversation_.begin_answer();
  answering_ = true;
  return {};
}

Status Session::replace_messages(std::string_view json, std::vector<std::string>* dropped) {
  BRIM_TRY(check_json_size(json.size()));
  BRIM_ASSIGN(std::vector<templates::ChatMessage> messages, Conversation::parse(json, &work_, dropped));
  for (std::size_t i = 0; i < messages.size(); ++i) {
    BRIM_TRY(check_size(sentence("message ", i + 1), messages[i].content.size()));
  }
  const std::string rest = held_back();
  const std::string answer = std::string(conversation_.answer()) + rest;
  const bool to_answer = !messages.empty() && (messages.back().role == "user" || messages.back().role == "tool");
  Undo undo(conversation_);
  undo.close_answer(rest);
  undo.old = conversation_.replace(std::move(messages));
  undo.replaced = true;
  if (conversation_.empty()) {
    undo.kept = true;
    conversation_.set_document({});
    sequence_->clear();
    end_conversing();
    return {};
  }
  BRIM_TRY(read_conversation(answer, to_answer, undo));
  conversation_.set_document({});
  drop_oldest_messages(to_answer);
  if (to_answer) conversation_.begin_answer();
  answering_ = to_answer;
  return {};
}

std::string Session::messages() {
  auto json = on_spare([&]() -> Result<std::string> {
    std::string text = conversation_.json();
    json_bytes_ = std::max(json_bytes_, text.capacity());
    return text;
  });
  return std::move(*json);
}

}  // namespace brim::generate
