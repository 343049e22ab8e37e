// From messages or text to the ids of a prompt, outside any session: so that rendering and tokenizing a request does
// not hold up the thread that computes.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/generate/conversation.hpp"
#include "engine/model/model.hpp"
#include "engine/text/tokenizer.hpp"

namespace brim::schedule {

/// Any thread; one text at a time, the others wait.
class PromptText {
 public:
  /// `chat_template`: as Conversation::create; `max_bytes`: of one text, or of the JSON of messages. Errors: those of
  /// the template.
  static Result<std::unique_ptr<PromptText>> create(std::shared_ptr<const model::Model> model,
                                                    const std::string& chat_template, std::int64_t max_bytes);

  /// Messages as a JSON array of {"role", "content"}, rendered by the template up to where the assistant answers; where
  /// the last message is the assistant's, up to the end of its content, so that it goes on. `dropped` (may be null): as
  /// Conversation::parse. Errors: invalid_argument; those of the template.
  Result<std::vector<TokenId>> of_messages(std::string_view json, std::vector<std::string>* dropped = nullptr) const;
  /// Plain text. Errors: invalid_argument for too many bytes; those of the tokenizer.
  Result<std::vector<TokenId>> of_text(std::string_view text, const text::EncodeOptions& options) const;

 private:
  PromptText(std::shared_ptr<const model::Model> model, generate::Conversation conversation, std::int64_t max_bytes)
      : model_(std::move(model)), conversation_(std::move(conversation)), max_bytes_(max_bytes) {}
  Status check_size(std::string_view what, std::size_t bytes) const;

  std::shared_ptr<const model::Model> model_;
  mutable std::mutex mutex_;  // for the following
  mutable generate::Conversation conversation_;
  std::int64_t max_bytes_;
};

}  // namespace brim::schedule
