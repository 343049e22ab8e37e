// See prompt_text.hpp.
#include "engine/schedule/prompt_text.hpp"

namespace brim::schedule {

Result<std::unique_ptr<PromptText>> PromptText::create(std::shared_ptr<const model::Model> model,
                                                       const std::string& chat_template, std::int64_t max_bytes) {
  BRIM_ASSIGN(generate::Conversation conversation,
              generate::Conversation::create(model->tokenizer(), chat_template, model->chat_template()));
  return std::unique_ptr<PromptText>(new PromptText(std::move(model), std::move(conversation), max_bytes));
}

Status PromptText::check_size(std::string_view what, std::size_t bytes) const {
  if (bytes <= static_cast<std::size_t>(max_bytes_)) return {};
  return error(ErrorCode::invalid_argument, what, " ", bytes, " bytes; expected at most ", max_bytes_,
               " (option max_message_bytes)");
}

Result<std::vector<TokenId>> PromptText::of_messages(std::string_view json, std::vector<std::string>* dropped) const {
  BRIM_TRY(check_size("the messages have", json.size()));
  BRIM_ASSIGN(std::vector<templates::ChatMessage> messages, generate::Conversation::parse(json, nullptr, dropped));
  if (messages.empty()) return error(ErrorCode::invalid_argument, "the messages are empty; expected at least one");
  const bool goes_on = messages.back().role == "assistant";
  const std::lock_guard<std::mutex> lock(mutex_);
  conversation_.replace(std::move(messages));
  auto rendered = goes_on ? conversation_.render_continued() : conversation_.render();
  conversation_.clear();
  if (!rendered) return rendered.error();
  return conversation_.encode(*rendered, true);
}

Result<std::vector<TokenId>> PromptText::of_text(std::string_view text, const text::EncodeOptions& options) const {
  BRIM_TRY(check_size("the text has", text.size()));
  BRIM_ASSIGN(std::vector<TokenId> ids, model_->tokenizer().encode(text, options));
  const text::Vocabulary& vocabulary = model_->tokenizer().vocabulary();
  // An end token after a prompt that is continued would end it.
  if (options.add_special && vocabulary.add_eos && !ids.empty() && ids.back() == vocabulary.eos) ids.pop_back();
  return ids;
}

}  // namespace brim::schedule
