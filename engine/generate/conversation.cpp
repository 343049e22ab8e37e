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

std::string clean(std::string_view content) {
  std::string result;
  text::StreamDecoder decoder;
  decoder.push(content, result);
  decoder.flush(result);
  for (std::size_t at = result.find(kMark); at != std::string::npos; at = result.find(kMark, at)) {
    result.erase(at, kMark.size());
  }
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
  Conversation conversation(tokenizer, std::move(*parsed));
  for (text::TokenId id = 0; id < tokenizer.size(); ++id) {
    if (!tokenizer.is_control(id)) continue;
    const std::string_view text = tokenizer.piece(id, true);
    if (text.size() > 1) conversation.control_texts_.emplace_back(text);
  }
  return conversation;
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
  std::string result = content;
  for (const std::string& control : control_texts_) {
    for (std::size_t at = result.find(control); at != std::string::npos; at = result.find(control, at)) {
      // After the first character: the text around it stays what it was to the template.
      std::size_t next = at + 1;
      while (next < result.size() && (static_cast<unsigned char>(result[next]) & 0xC0) == 0x80) ++next;
      result.insert(next, kMark);
      at = next;
    }
  }
  return result;
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
  std::vector<text::TokenId> ids;
  bool first = at_start;
  while (true) {
    const std::size_t mark = rendered.find(kMark);
    text::EncodeOptions options;
    options.add_special = first;
    options.parse_special = true;
    options.continues = !first;
    BRIM_ASSIGN(const std::vector<text::TokenId> part, tokenizer_->encode(rendered.substr(0, mark), options));
    ids.insert(ids.end(), part.begin(), part.end());
    first = false;
    if (mark == std::string_view::npos) break;
    rendered.remove_prefix(mark + kMark.size());
  }
  const text::Vocabulary& vocabulary = tokenizer_->vocabulary();
  // Templates that begin with BOS themselves, and an EOS that only belongs at the end of a finished text.
  if (ids.size() > 1 && ids[0] == vocabulary.bos && ids[1] == vocabulary.bos) ids.erase(ids.begin());
  if (at_start && vocabulary.add_eos && !ids.empty() && ids.back() == vocabulary.eos) ids.pop_back();
  return ids;
}

}  // namespace brim::generate
