// See conversation.hpp.
#include "engine/generate/conversation.hpp"

#include <algorithm>

#include "engine/text/messages_json.hpp"
#include "engine/text/stream_decoder.hpp"

namespace brim::generate {
namespace {

// U+FDD0, a code point that Unicode reserves for uses like this and never assigns to a character.
constexpr std::string_view kMark = "\xEF\xB7\x90";
constexpr std::string_view kRoles[] = {"system", "user", "assistant", "tool"};

// In one pass; a mark that comes about where another one was taken out goes too.
void remove_marks(std::string& text) {
  std::size_t kept = 0;
  for (const char byte : text) {
    text[kept++] = byte;
    if (kept >= kMark.size() && std::string_view(text).substr(kept - kMark.size(), kMark.size()) == kMark) kept -= kMark.size();
  }
  text.resize(kept);
}

std::string clean(std::string_view content) {
  std::string result;
  text::StreamDecoder decoder;
  decoder.push(content, result);
  decoder.flush(result);
  remove_marks(result);
  return result;
}

// What a message takes beside its content, about.
constexpr std::int64_t kMessageBytes = 256;

std::int64_t bytes_of(const text::ChatMessage& message) {
  return kMessageBytes + static_cast<std::int64_t>(message.content.size());
}

bool known_role(std::string_view role) { return std::find(std::begin(kRoles), std::end(kRoles), role) != std::end(kRoles); }

Error offer(const Error& failure) {
  return error(failure.code, "the model's chat template cannot be used: ", failure.sentence,
               "; choose a built-in one with --chat-template ", text::builtin_template_names());
}

}  // namespace

std::int64_t most_kept_text(std::int64_t context) { return std::max<std::int64_t>(std::int64_t{1} << 17, 8 * context); }

Result<Conversation> Conversation::create(const text::Tokenizer& tokenizer, const std::string& choice,
                                          const std::string& own) {
  std::string source = choice.empty() ? own : choice;
  if (choice.empty() && own.empty()) source = text::builtin_template("plain");
  if (!choice.empty() && choice.find("{%") == std::string::npos && choice.find("{{") == std::string::npos) {
    const std::string_view builtin = text::builtin_template(choice);
    if (builtin.empty()) {
      return error(ErrorCode::invalid_argument, "chat template '", choice, "' is neither a built-in name (",
                   text::builtin_template_names(), ") nor Jinja source");
    }
    source = builtin;
  }
  auto parsed = text::ChatTemplate::parse(source);
  if (!parsed) return offer(parsed.error());
  return Conversation(tokenizer, std::move(*parsed));
}

Status Conversation::add(std::string_view role, std::string_view content) {
  if (!known_role(role)) {
    return error(ErrorCode::invalid_argument, "message role: expected system, user, assistant or tool, found '", role, "'");
  }
  messages_.push_back({std::string(role), clean(content)});
  return {};
}

void Conversation::extend_last(std::string_view content) {
  messages_.back().content += content;
}

bool Conversation::last_is(std::string_view role) const { return !messages_.empty() && messages_.back().role == role; }

bool Conversation::drop_oldest(std::int64_t most) {
  std::int64_t held = 0;
  for (const text::ChatMessage& message : messages_) held += bytes_of(message);
  if (held <= most / 2) return false;
  const std::size_t first = !messages_.empty() && messages_[0].role == "system" ? 1 : 0;
  std::size_t end = first;  // of what is dropped: templates want the user to speak first
  for (std::size_t at = first; at < messages_.size(); ++at) {
    if (messages_[at].role == "user") {
      end = at;
      if (held <= most / 4) break;
    }
    held -= bytes_of(messages_[at]);
  }
  messages_.erase(messages_.begin() + static_cast<std::ptrdiff_t>(first), messages_.begin() + static_cast<std::ptrdiff_t>(end));
  return end > first;
}

bool Conversation::cut_last(std::int64_t most) {
  std::string& content = messages_.back().content;
  if (static_cast<std::int64_t>(content.size()) <= most / 2) return false;
  std::size_t begin = content.size() / 2;
  while (begin < content.size() && (static_cast<unsigned char>(content[begin]) & 0xC0) == 0x80) ++begin;
  content.erase(0, begin);
  return true;
}

void Conversation::set_system(std::string_view content) {
  text::ChatMessage message{"system", clean(content)};
  const bool there = !messages_.empty() && messages_[0].role == "system";
  if (content.empty()) {
    if (there) messages_.erase(messages_.begin());
  } else if (there) {
    messages_[0] = std::move(message);
  } else {
    messages_.insert(messages_.begin(), std::move(message));
  }
}

std::string Conversation::json() const {
  if (messages_.empty()) return "[]";
  std::string json = "[";
  for (const text::ChatMessage& message : messages_) {
    json += json.size() > 1 ? ",\n  {\n    \"role\": " : "\n  {\n    \"role\": ";
    text::append_quoted(json, message.role);
    json += ",\n    \"content\": ";
    text::append_quoted(json, message.content);
    json += "\n  }";
  }
  return json += "\n]";
}

Status Conversation::load(std::string_view json) {
  BRIM_ASSIGN(std::vector<text::ChatMessage> messages, text::read_messages(json));
  for (std::size_t index = 0; index < messages.size(); ++index) {
    if (!known_role(messages[index].role)) return text::bad_message(index);
    messages[index].content = clean(messages[index].content);
  }
  messages_ = std::move(messages);
  return {};
}

std::string Conversation::protect(const std::string& content) const {
  const std::vector<std::size_t> starts = tokenizer_->control_starts(content);
  std::string result;
  result.reserve(content.size() + starts.size() * kMark.size());
  std::size_t done = 0;
  for (const std::size_t start : starts) {
    // After the first character: the text around it stays what it was to the template.
    std::size_t next = start + 1;
    while (next < content.size() && (static_cast<unsigned char>(content[next]) & 0xC0) == 0x80) ++next;
    if (next == done) continue;  // a second token that begins inside the same character
    result.append(content, done, next - done).append(kMark);
    done = next;
  }
  return result.append(content, done, std::string::npos);
}

Result<std::string> Conversation::render() const {
  text::ChatInput input;
  input.messages.reserve(messages_.size());
  for (const text::ChatMessage& message : messages_) input.messages.push_back({message.role, protect(message.content)});
  const text::Vocabulary& vocabulary = tokenizer_->vocabulary();
  input.bos = tokenizer_->piece(vocabulary.bos, true);
  input.eos = tokenizer_->piece(vocabulary.eos, true);
  auto rendered = template_.render(input, {});
  if (!rendered) return offer(rendered.error());
  return rendered;
}

Result<std::vector<text::TokenId>> Conversation::encode(std::string_view rendered, bool at_start) const {
  text::EncodeOptions options;
  options.add_special = at_start;
  options.parse_special = true;
  options.continues = !at_start;
  options.cut_at = kMark;
  BRIM_ASSIGN(std::vector<text::TokenId> ids, tokenizer_->encode(rendered, options));
  const text::Vocabulary& vocabulary = tokenizer_->vocabulary();
  // Templates that begin with BOS themselves, and an EOS that only belongs at the end of a finished text.
  if (ids.size() > 1 && ids[0] == vocabulary.bos && ids[1] == vocabulary.bos) ids.erase(ids.begin());
  if (at_start && vocabulary.add_eos && !ids.empty() && ids.back() == vocabulary.eos) ids.pop_back();
  return ids;
}

}  // namespace brim::generate
