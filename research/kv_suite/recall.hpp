// Recall: facts are put between the sentences of a text, the text is read once, and then each fact is asked for, every
// time from the state that reading left behind. So nothing that is evicted while the text is read can know a question.
// A model with a chat template gets text and question as one user message; other models continue the beginning of an
// answer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/model/model.hpp"
#include "research/kv_suite/continuation.hpp"

namespace brim::apps {

struct RecallQuestion {
  std::string kind;               ///< one of kFactKinds
  std::vector<std::int32_t> ids;  ///< what is read behind the document
  std::vector<std::string> answers;
};

struct RecallDocument {
  std::size_t text = 0;           ///< the number of the text that it was made from
  std::vector<std::int32_t> ids;  ///< the text with the facts, and what a user's message begins with
  std::vector<RecallQuestion> questions;
};

inline constexpr std::int64_t kAnswerTokens = 24;
inline constexpr std::size_t kQuestionsOfDocument = 8;

/// Documents with `questions` questions in all, kQuestionsOfDocument each but the last one, from the texts in turn. A
/// document, its longest question and the answer are at most `size` tokens. Empty where every text has too few words or
/// tokens. Errors: those of the model's chat template; unsupported where the template leaves out the user's message.
Result<std::vector<RecallDocument>> make_recall_documents(const model::Model& model,
                                                          const std::vector<std::string>& texts, std::int64_t size,
                                                          std::size_t questions);

/// For each question the share of its answers that appear in what the model generates, greedily. Reads in chunks of
/// `chunk` tokens, but the document, where its pieces are replayed (`replays`), in the plan's. Errors: those of prefill;
/// cancelled.
Result<std::vector<double>> measure_recall(run::Sequence& sequence, const RecallDocument& document, std::int64_t chunk,
                                           const KeepGoing& keep_going, bool replays = false);

}  // namespace brim::apps
