// See conversation.hpp.
#include "engine/generate/conversation.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "engine/base/quote.hpp"
#include "engine/template/messages_json.hpp"
#include "engine/text/stream_decoder.hpp"

namespace brim::generate {
namespace {

// U+FDD0, a code point that Unicode reserves for uses like this and never assigns to a character.
constexpr std::string_view kMark = "\xEF\xB7\x90";
constexpr std::string_view kRoles[] = {"system", "user", "assistant", "tool"};

constexpr std::size_t kRange = 4096;  // bytes between two looks at the meter
constexpr std::int64_t kRangeUnits = kRange / 16;

// What the text itself says where the mark stands becomes U+FFFD, which has as many bytes.
void replace_marks(std::string& text, WorkMeter* meter) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  for (std::size_t at = 0; at + kMark.size() <= text.size(); ++at) {
    if (at % kRange == 0 && !step(meter, kRangeUnits)) return;
    if (std::string_view(text).substr(at, kMark.size()) == kMark) text.replace(at, kMark.size(), kReplacement);
  }
}

// The returned text is not complete when `meter` is cancelled.
std::string clean(std::string_view content, WorkMeter* meter = nullptr) {
  std::string result;
  result.reserve(content.size());
  text::StreamDecoder decoder;
  for (; !content.empty() && step(meter, kRangeUnits); content.remove_prefix(std::min(content.size(), kRange))) {
    decoder.push(content.substr(0, kRange), result);
  }
  decoder.flush(result);
  replace_marks(result, meter);
  return result;
}

// What a message takes in addition to its content, approximately.
constexpr std::int64_t kMessageBytes = 256;

std::int64_t bytes_of(const templates::ChatMessage& message) {
  return kMessageBytes + static_cast<std::int64_t>(message.content.size());
}

bool known_role(std::string_view role) {
  return std::find(std::begin(kRoles), std::end(kRoles), role) != std::end(kRoles);
}

Error offer(const Error& failure) {
  return error(failure.code, "the model's chat template cannot be used: ", failure.sentence,
               "; choose a built-in one with --chat-template ", templates::builtin_template_names());
}

}  // namespace

Result<Conversation> Conversation::create(const text::Tokenizer& tokenizer, const std::string& choice,
                                          const std::string& own, WorkMeter* meter) {
  std::string source = choice.empty() ? own : choice;
  if (choice.empty() && own.empty()) source = templates::builtin_template("plain");
  if (!choice.empty() && choice.find("{%") == std::string::npos && choice.find("{{") == std::string::npos) {
    const std::string_view builtin = templates::builtin_template(choice);
    if (builtin.empty()) {
      return error(ErrorCode::invalid_argument, "chat template ", quoted(choice), " is neither a built-in name (",
                   templates::builtin_template_names(), ") nor Jinja source");
    }
    source = builtin;
  }
  auto parsed = templates::ChatTemplate::parse(source, meter);
  if (!parsed && parsed.error().code == ErrorCode::cancelled) return parsed.error();
  if (!parsed) return offer(parsed.error());
  return Conversation(tokenizer, std::move(*parsed));
}

Result<templates::ChatMessage> Conversation::make_message(std::string_view role, std::string_view content,
                                                          WorkMeter* meter) {
  if (!known_role(role)) {
    return error(ErrorCode::invalid_argument, "message role: expected system, user, assistant or tool, found ",
                 quoted(role));
  }
  templates::ChatMessage message{std::string(role), clean(content, meter)};
  if (meter != nullptr && meter->cancelled()) return cancelled_error();
  return message;
}

void Conversation::add(templates::ChatMessage message) {
  // Doubled, as push_back does it: room for just two more would copy all messages each time.
  if (messages_.capacity() < messages_.size() + 2) messages_.reserve(2 * messages_.size() + 2);
  close_answer({});
  messages_.push_back(std::move(message));
}

Status Conversation::add(std::string_view role, std::string_view content) {
  BRIM_ASSIGN(templates::ChatMessage message, make_message(role, content));
  add(std::move(message));
  return {};
}

std::vector<templates::ChatMessage> Conversation::replace(std::vector<templates::ChatMessage> messages) noexcept {
  drop_answer();
  messages_.swap(messages);
  return messages;
}

void Conversation::close_answer(std::string_view rest) {
  if (!has_answer_) return;
  std::string content;
  content.reserve(answer_.size() + rest.size());
  content.append(answer_).append(rest);
  messages_.push_back({"assistant", std::move(content)});
  drop_answer();
}

void Conversation::reopen_answer(std::size_t rest) noexcept {
  std::string& content = messages_.back().content;
  content.resize(content.size() - rest);
  // The room stays where the answer fits it: an assignment does not give any back.
  if (content.size() <= answer_.capacity()) {
    answer_ = content;
  } else {
    answer_.swap(content);
  }
  has_answer_ = true;
  messages_.pop_back();
}

void Conversation::drop_answer() noexcept {
  answer_.clear();
  has_answer_ = false;
}

templates::ChatMessage Conversation::take_last() noexcept {
  templates::ChatMessage last = std::move(messages_.back());
  messages_.pop_back();
  return last;
}

bool Conversation::last_is(std::string_view role) const noexcept {
  return has_answer_ ? role == "assistant" : !messages_.empty() && messages_.back().role == role;
}

void Conversation::clear() noexcept {
  messages_.clear();
  document_.clear();
  drop_answer();
}

bool Conversation::drop_oldest(std::int64_t max) noexcept {
  std::int64_t held = has_answer_ ? kMessageBytes + static_cast<std::int64_t>(answer_.size()) : 0;
  for (const templates::ChatMessage& message : messages_) held += bytes_of(message);
  if (held <= max / 2) return false;
  const std::size_t first = !messages_.empty() && messages_[0].role == "system" ? 1 : 0;
  std::size_t end = first;  // of the dropped messages: templates expect the user to speak first
  for (std::size_t at = first; at < messages_.size(); ++at) {
    if (messages_[at].role == "user") {
      end = at;
      if (held <= max / 4) break;
    }
    held -= bytes_of(messages_[at]);
  }
  messages_.erase(messages_.begin() + static_cast<std::ptrdiff_t>(first),
                  messages_.begin() + static_cast<std::ptrdiff_t>(end));
  const bool dropped = end > first;
  // What follows the user's last message: calls of tools, notes of the system, answers that the host adds.
  std::size_t after = first;
  for (std::size_t at = first; at < messages_.size(); ++at) {
    if (messages_[at].role == "user") after = at + 1;
  }
  const std::size_t last = messages_.size() - (has_answer_ || messages_.empty() ? 0 : 1);
  std::int64_t following = 0;
  for (std::size_t at = after; at < messages_.size(); ++at) following += bytes_of(messages_[at]);
  return (following > max / 2 && drop_range(after, last, max / 4)) || dropped;
}

std::int64_t Conversation::bytes() const noexcept {
  std::int64_t held = 0;
  for (const templates::ChatMessage& message : messages_) held += bytes_of(message);
  return held;
}

bool Conversation::drop_range(std::size_t begin, std::size_t end, std::int64_t max) noexcept {
  std::int64_t held = 0;
  for (std::size_t at = begin; at < end; ++at) held += bytes_of(messages_[at]);
  std::size_t kept = begin;  // the first one that is kept
  for (; kept < end && held > max; ++kept) held -= bytes_of(messages_[kept]);
  messages_.erase(messages_.begin() + static_cast<std::ptrdiff_t>(begin),
                  messages_.begin() + static_cast<std::ptrdiff_t>(kept));
  return kept > begin;
}

bool Conversation::cut_answer(std::int64_t max) noexcept {
  if (static_cast<std::int64_t>(answer_.size()) <= max / 2) return false;
  std::size_t begin = answer_.size() / 2;
  const auto inside = [&](std::size_t at) {
    const auto byte = static_cast<unsigned char>(answer_[at]);
    return (byte & 0xC0) == 0x80 ||
           byte <= ' ';  // of a character; white space, which templates take off where a message begins
  };
  while (begin < answer_.size() && inside(begin)) ++begin;
  answer_.erase(0, begin);
  return true;
}

void Conversation::set_system(std::string_view content) {
  templates::ChatMessage message{"system", clean(content)};
  const bool there = !messages_.empty() && messages_[0].role == "system";
  if (content.empty()) {
    if (there) messages_.erase(messages_.begin());
  } else if (there) {
    messages_[0] = std::move(message);
  } else {
    messages_.insert(messages_.begin(), std::move(message));
  }
}

std::string Conversation::json(WorkMeter* meter) const {
  if (empty()) return "[]";
  std::string json = "[";
  const auto append = [&](std::string_view role, std::string_view content) {
    json += json.size() > 1 ? ",\n  {\n    \"role\": " : "\n  {\n    \"role\": ";
    templates::append_quoted(json, role);
    json += ",\n    \"content\": ";
    if (!templates::append_quoted(json, content, meter)) return false;
    json += "\n  }";
    return true;
  };
  for (const templates::ChatMessage& message : messages_) {
    if (!append(message.role, message.content)) return json;
  }
  if (has_answer_ && !append("assistant", answer_)) return json;
  return json += "\n]";
}

Result<std::vector<templates::ChatMessage>> Conversation::parse(std::string_view json, WorkMeter* meter,
                                                                std::vector<std::string>* dropped) {
  BRIM_ASSIGN(std::vector<templates::ChatMessage> messages, templates::read_messages(json, meter, dropped));
  for (std::size_t index = 0; index < messages.size(); ++index) {
    if (!known_role(messages[index].role)) return templates::bad_message(index);
    messages[index].content = clean(messages[index].content, meter);
    if (meter != nullptr && meter->cancelled()) return cancelled_error();
  }
  messages.reserve(kFirstMessages);  // as a new conversation has it: put_back() counts on room
  return messages;
}

std::string Conversation::protect(const std::string& content, WorkMeter* meter) const {
  const std::vector<std::size_t> starts = tokenizer_->control_starts(content, meter);
  std::string result;
  result.reserve(content.size() + starts.size() * kMark.size());
  std::size_t done = 0;
  for (const std::size_t start : starts) {
    if (!step(meter)) break;
    // After the first character: the text around it stays what it was to the template.
    std::size_t next = start + 1;
    while (next < content.size() && (static_cast<unsigned char>(content[next]) & 0xC0) == 0x80) ++next;
    if (next == done) continue;  // a second token that begins inside the same character
    result.append(content, done, next - done).append(kMark);
    done = next;
  }
  return result.append(content, done, std::string::npos);
}

Result<std::string> Conversation::render(bool to_answer, WorkMeter* meter, std::size_t without) const {
  const std::size_t count = messages_.size() - std::min(without, messages_.size());
  return render_messages(std::span(messages_).first(count), to_answer, meter);
}

// What two conversations have in common that differ in one character behind the content.
Result<std::string> Conversation::render_open(std::vector<templates::ChatMessage> messages, bool to_answer,
                                              WorkMeter* meter) const {
  messages.back().content += 'a';
  BRIM_ASSIGN(std::string rendered, render_messages(messages, to_answer, meter));
  messages.back().content.back() = 'b';
  BRIM_ASSIGN(const std::string other, render_messages(messages, to_answer, meter));
  const auto end = std::mismatch(rendered.begin(), rendered.end(), other.begin(), other.end()).first;
  if (end == rendered.end()) {
    return error(ErrorCode::unsupported, "the chat template does not show message ", messages.size(),
                 ", so that it cannot go on; choose another one with --chat-template");
  }
  rendered.erase(end, rendered.end());
  return rendered;
}

Result<std::string> Conversation::render_document(const std::string& system, const std::string& document,
                                                  WorkMeter* meter) const {
  std::vector<templates::ChatMessage> messages;
  if (!system.empty()) messages.push_back({"system", system});
  messages.push_back({"user", document + std::string(kBehindDocument)});
  return render_open(std::move(messages), true, meter);
}

Result<std::string> Conversation::render_continued(WorkMeter* meter) const {
  return render_open(messages_, false, meter);
}

Result<std::string> Conversation::render_messages(std::span<const templates::ChatMessage> messages, bool to_answer,
                                                  WorkMeter* meter) const {
  templates::ChatInput input;
  input.add_generation_prompt = to_answer;
  input.messages.reserve(messages.size());
  for (const templates::ChatMessage& message : messages) {
    input.messages.push_back({message.role, protect(message.content, meter)});
    if (meter != nullptr && meter->cancelled()) return cancelled_error();
  }
  const text::Vocabulary& vocabulary = tokenizer_->vocabulary();
  input.bos = tokenizer_->piece(vocabulary.bos, true);
  input.eos = tokenizer_->piece(vocabulary.eos, true);
  templates::RenderOptions options;
  options.meter = meter;
  auto rendered = template_.render(input, options);
  if (rendered || rendered.error().code == ErrorCode::cancelled || rendered.error().code == ErrorCode::out_of_memory) {
    return rendered;
  }
  return offer(rendered.error());
}

Result<std::vector<TokenId>> Conversation::encode(std::string_view rendered, bool at_start, WorkMeter* meter) const {
  text::EncodeOptions options;
  options.add_special = at_start;
  options.parse_special = true;
  options.continues = !at_start;
  options.cut_at = kMark;
  options.meter = meter;
  BRIM_ASSIGN(std::vector<TokenId> ids, tokenizer_->encode(rendered, options));
  const text::Vocabulary& vocabulary = tokenizer_->vocabulary();
  // Templates that begin with BOS themselves, and an EOS that only belongs at the end of a finished text.
  if (ids.size() > 1 && ids[0] == vocabulary.bos && ids[1] == vocabulary.bos) ids.erase(ids.begin());
  if (at_start && vocabulary.add_eos && !ids.empty() && ids.back() == vocabulary.eos) ids.pop_back();
  return ids;
}

}  // namespace brim::generate
