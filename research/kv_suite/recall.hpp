// Needles in a text: facts that are put between its sentences and asked for at its end, after RULER (arXiv 2404.06654):
// one key, one of several keys, several values of a key, variables that take over each other's value, and pairs to
// associate. Names come from the text itself, numbers from a seed. A model with a chat template gets the text and the
// question as one user message; other models continue the beginning of an answer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/model/model.hpp"
#include "research/kv_suite/continuation.hpp"

namespace brim::apps {

struct RecallTask {
  std::string kind;
  bool question_first = false;  ///< the question is asked before the text as well (question-aware)
  double depth = 0;             ///< where the needle stands: 0 at the beginning, 1 at the end
  std::vector<std::int32_t> ids;
  std::vector<std::string> answers;
};

inline constexpr std::int64_t kAnswerTokens = 24;

/// `count` tasks of at most `size` tokens, including the answer, that cycle through the kinds, both ways to ask, three
/// depths and two lengths. Empty where the text has too few words or `size` is too small. Errors: those of the model's
/// chat template; unsupported where the template leaves out the user's message.
Result<std::vector<RecallTask>> make_recall_tasks(const model::Model& model, const std::string& text, std::int64_t size,
                                                  int count);

/// The share of a task's answers that appear in what the model generates, greedily. Errors: those of prefill;
/// cancelled.
Result<double> measure_recall(run::Sequence& sequence, const RecallTask& task, std::int64_t chunk,
                              const KeepGoing& keep_going);

}  // namespace brim::apps
