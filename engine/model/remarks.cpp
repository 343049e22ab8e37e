// See remarks.hpp.
#include "engine/model/remarks.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/quote.hpp"
#include "engine/model/foreign_tensors.hpp"
#include "engine/model/sampling_keys.hpp"
#include "engine/model/tokenizer_keys.hpp"
#include "engine/model/vocabulary.hpp"

namespace brim::model {
namespace {

constexpr std::size_t kShown = 8;  // names in a line

// "'a', 'b' and 3 more"
std::string list_text(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) text += (i == 0 ? "" : ", ") + quoted(names[i]);
  if (names.size() > kShown) text += sentence(" and ", names.size() - kShown, " more");
  return text;
}

void log_tokens(const Log& log, const io::Gguf& file, const Config& config, const text::Tokenizer& tokenizer) {
  const text::Vocabulary& vocabulary = tokenizer.vocabulary();
  if (vocabulary.model == "gpt2" && vocabulary.pre.empty()) {
    log(LogLevel::warning, sentence(file.path(),
                                    " does not name its pre-tokenizer (key tokenizer.ggml.pre): 'default' is "
                                    "assumed, and answers may be worse; convert the model again to have it named"));
  }
  for (const std::string& id : ignored_token_ids(file, static_cast<std::size_t>(config.vocabulary))) {
    log(LogLevel::warning,
        sentence(file.path(), ": ", id, "; it is ignored: convert the model again if texts begin or end wrongly"));
  }
  std::vector<std::string> made;
  for (const TokenId id : tokenizer.assumed_control()) made.emplace_back(tokenizer.piece(id, true));
  if (!made.empty()) {
    log(LogLevel::info,
        sentence("known by their text to end answers, and treated as control tokens against the type in "
                 "the file: ",
                 list_text(made)));
  }
}

}  // namespace

std::string skipped_text(const io::Gguf& file, const Config& config, const Weights& weights) {
  const ForeignTensors foreign(file, config);
  constexpr std::pair<Foreign, const char*> kKinds[] = {{Foreign::other_tower, "of other encoders"},
                                                        {Foreign::next_tokens, "that predict further tokens"},
                                                        {Foreign::input_scale, "that scale inputs"}};
  std::string text;
  for (const auto& [kind, what] : kKinds) {
    const io::Tensor* first = nullptr;
    std::int64_t count = 0;
    for (const io::Tensor* tensor : weights.skipped) {
      if (foreign.kind(tensor->name) != kind) continue;
      if (first == nullptr) first = tensor;
      ++count;
    }
    if (count == 0) continue;
    text += sentence(text.empty() ? "" : ", ", count, " ", what, " (", quoted(first->name), count > 1 ? ", …)" : ")");
  }
  return text;
}

void log_remarks(const Log& log, const io::Gguf& file, const Config& config, const Weights& weights,
                 const text::Tokenizer& tokenizer) {
  log_tokens(log, file, config, tokenizer);
  if (file.find("tokenizer.chat_template") == nullptr) {
    log(LogLevel::info, sentence(file.path(), " has no chat template: conversations use the built-in 'plain'"));
  }
  if (const auto unread = unread_sampling_keys(file); !unread.empty()) {
    log(LogLevel::info, sentence("keys for sampling that are not used: ", list_text(unread)));
  }
  std::vector<std::string> unknown = config.unknown_keys;
  for (std::string& key : unknown_tokenizer_keys(file)) unknown.push_back(std::move(key));
  if (!unknown.empty()) {
    log(LogLevel::warning,
        sentence(file.path(), " has ", unknown.size() == 1 ? "a key" : "keys", " that Brim does not know: ",
                 list_text(unknown), unknown.size() == 1 ? "; it is ignored" : "; they are ignored",
                 ", and answers are wrong if the model depends on ", unknown.size() == 1 ? "it" : "them"));
  }
  if (const std::string skipped = skipped_text(file, config, weights); !skipped.empty()) {
    log(LogLevel::info, sentence("tensors that are skipped: ", skipped));
  }
}

}  // namespace brim::model
