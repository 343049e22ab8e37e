// See conversation.hpp.
#include "engine/generate/conversation.hpp"

#include <algorithm>

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

std::int64_t bytes_of(const text::Json& message) {
  return kMessageBytes + static_cast<std::int64_t>(message["content"].get_ref<const std::string&>().size());
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
  const text::Vocabulary& vocabulary = tokenizer.vocabulary();
  for (std::size_t id = 0; id < vocabulary.types.size(); ++id) {
    if (vocabulary.types[id] != text::TokenType::control) continue;
    const std::string_view text = tokenizer.piece(static_cast<text::TokenId>(id), true);
    if (text.size() > 1) conversation.control_texts_.emplace_back(text);
  }
  return conversation;
}

Status Conversation::add(std::string_view role, std::string_view content) {
  if (!known_role(role)) {
    return error(ErrorCode::invalid_argument, "message role: expected system, user, assistant or tool, found '", role, "'");
  }
  messages_.push_back({{"role", std::string(role)}, {"content", clean(content)}});
  return {};
}

void Conversation::extend_last(std::string_view content) {
  messages_.back()["content"].get_ref<std::string&>() += content;
}

bool Conversation::last_is(std::string_view role) const { return !messages_.empty() && messages_.back()["role"] == role; }

bool Conversation::drop_oldest(std::int64_t most) {
  std::int64_t held = 0;
  for (const text::Json& message : messages_) held += bytes_of(message);
  if (held <= most / 2) return false;
  const std::size_t first = !messages_.empty() && messages_[0]["role"] == "system" ? 1 : 0;
  std::size_t end = first;  // of what is dropped: templates want the user to speak first
  for (std::size_t at = first; at < messages_.size(); ++at) {
    if (messages_[at]["role"] == "user") {
      end = at;
      if (held <= most / 4) break;
    }
    held -= bytes_of(messages_[at]);
  }
  using Place = text::Json::difference_type;
  messages_.erase(messages_.begin() + static_cast<Place>(first), messages_.begin() + static_cast<Place>(end));
  return end > first;
}

bool Conversation::cut_last(std::int64_t most) {
  std::string& content = messages_.back()["content"].get_ref<std::string&>();
  if (static_cast<std::int64_t>(content.size()) <= most / 2) return false;
  std::size_t begin = content.size() / 2;
  while (begin < content.size() && (static_cast<unsigned char>(content[begin]) & 0xC0) == 0x80) ++begin;
  content.erase(0, begin);
  return true;
}

void Conversation::set_system(std::string_view content) {
  if (!messages_.empty() && messages_[0]["role"] == "system") messages_.erase(0);
  if (content.empty()) return;
  messages_.insert(messages_.begin(), text::Json({{"role", "system"}, {"content", clean(content)}}));
}

std::string Conversation::json() const {
  return messages_.dump(2, ' ', false, text::Json::error_handler_t::replace);
}

Status Conversation::load(std::string_view json) {
  const text::Json parsed = text::Json::parse(json, nullptr, false);
  if (!parsed.is_array()) {
    return error(ErrorCode::invalid_argument, "messages: expected a JSON array of {\"role\", \"content\"}");
  }
  text::Json messages = text::Json::array();
  for (const text::Json& message : parsed) {
    if (!message.is_object() || !message.contains("role") || !message.contains("content") ||
        !message["role"].is_string() || !message["content"].is_string() ||
        !known_role(message["role"].get_ref<const std::string&>())) {
      return error(ErrorCode::invalid_argument, "message ", messages.size() + 1,
                   ": expected {\"role\": system, user, assistant or tool, \"content\": text}");
    }
    messages.push_back({{"role", message["role"]}, {"content", clean(message["content"].get_ref<const std::string&>())}});
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
  text::Json messages = text::Json::array();
  for (const text::Json& message : messages_) {
    messages.push_back({{"role", message["role"]}, {"content", protect(message["content"].get_ref<const std::string&>())}});
  }
  const text::Vocabulary& vocabulary = tokenizer_->vocabulary();
  text::Json variables;
  variables["messages"] = std::move(messages);
  variables["add_generation_prompt"] = true;
  variables["bos_token"] = std::string(tokenizer_->piece(vocabulary.bos, true));
  variables["eos_token"] = std::string(tokenizer_->piece(vocabulary.eos, true));
  auto rendered = template_.render(variables, {});
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
