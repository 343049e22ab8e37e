// Session's code for documents: a text is processed once, and questions about it follow, in the same session or in its
// forks. It is rendered as the beginning of the user's first message, so that every chat template knows what it is.
#include "engine/generate/session.hpp"
#include "engine/generate/stopwatch.hpp"

namespace brim::generate {

Status Session::document(std::string_view text) {
  return cancellable([&] { return on_spare([&] { return replace_by_document(text); }); });
}

Status Session::replace_by_document(std::string_view text) {
  BRIM_TRY(check_size("the document", text.size()));
  if (text.empty()) return error(ErrorCode::invalid_argument, "the document is empty");
  BRIM_TRY(sequence_->check_document_rule());
  // First the steps that may fail for another reason than the model's work.
  BRIM_ASSIGN(templates::ChatMessage message, Conversation::make_message("user", text, &work_));
  templates::ChatMessage system;
  if (!options_.system.empty()) {
    BRIM_ASSIGN(system, Conversation::make_message("system", options_.system, &work_));
  }
  BRIM_ASSIGN(std::string rendered, conversation_.render_document(system.content, message.content, &work_));
  BRIM_ASSIGN(const std::vector<TokenId> ids, conversation_.encode(rendered, true, &work_));
  if (!work_.poll()) return cancelled_error();
  begin_again(std::move(system));
  {
    const Stopwatch stopwatch(timings_.prompt_seconds);
    timings_.prompt_tokens = static_cast<std::int64_t>(ids.size());
    if (const Status status = sequence_->read_document(ids, progress_, &cancel_); !status) {
      sequence_->clear();
      end_conversing();
      return status.error();
    }
  }
  conversation_.set_document(std::move(message.content));
  seen_text_ = std::move(rendered);
  return {};
}

}  // namespace brim::generate
