// See recall.hpp.
#include "research/kv_suite/recall.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "engine/base/splitmix64.hpp"
#include "engine/generate/conversation.hpp"
#include "engine/generate/logit_check.hpp"

namespace brim::apps {
namespace {

constexpr const char* kKinds[] = {"single", "multi-key", "multi-value", "variables", "association"};
constexpr std::size_t kKindCount = std::size(kKinds);

/// A task as text.
struct Facts {
  std::vector<std::string> needles;
  std::string question;   ///< as a user asks
  std::string beginning;  ///< of the answer: for models that only continue a text
  std::vector<std::string> answers;
};

std::vector<std::string> long_words(const std::string& text) {
  std::set<std::string> words;
  std::string word;
  for (const char byte : text + " ") {
    if (std::isalpha(static_cast<unsigned char>(byte)) != 0) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(byte)));
      continue;
    }
    if (word.size() >= 4 && word.size() <= 9) words.insert(word);
    word.clear();
    if (words.size() > 5000) break;
  }
  return {words.begin(), words.end()};
}

class Maker {
 public:
  Maker(const std::vector<std::string>& words, std::uint64_t seed) : words_(words), state_(seed) {}

  Facts facts(std::string_view kind) {
    const std::vector<std::string> names = different(4);
    const auto says = [](const std::string& name, const std::string& number) {
      return fmt::format(" The code of the {} is {}.", name, number);
    };
    Facts facts;
    if (kind == "single" || kind == "multi-key") {
      const std::size_t keys = kind == "single" ? 1 : 4;
      for (std::size_t i = 0; i < keys; ++i) {
        const std::string value = number();
        if (i == 0) facts.answers = {value};
        facts.needles.push_back(says(names[i], value));
      }
      facts.question = fmt::format("What is the code of the {}?", names[0]);
      facts.beginning = fmt::format(" The code of the {} is", names[0]);
    } else if (kind == "multi-value") {
      for (int i = 0; i < 3; ++i) {
        facts.answers.push_back(number());
        facts.needles.push_back(fmt::format(" One of the codes of the {} is {}.", names[0], facts.answers.back()));
      }
      facts.question = fmt::format("What are the codes of the {}?", names[0]);
      facts.beginning = fmt::format(" The codes of the {} are", names[0]);
    } else if (kind == "variables") {
      facts.answers = {number()};
      for (std::size_t i = 0; i < 3; ++i) {
        facts.needles.push_back(fmt::format(" Let {} be {}.", names[i], i == 0 ? facts.answers[0] : names[i - 1]));
      }
      facts.question = fmt::format("What is {}?", names[2]);
      facts.beginning = fmt::format(" The number that {} stands for is", names[2]);
    } else {
      const std::vector<std::string> things = different(4);
      for (std::size_t i = 0; i < 4; ++i)
        facts.needles.push_back(fmt::format(" The {} belongs to the {}.", names[i], things[i]));
      facts.answers = {things[0]};
      facts.question = fmt::format("Who or what does the {} belong to?", names[0]);
      facts.beginning = fmt::format(" The {} belongs to the", names[0]);
    }
    return facts;
  }

 private:
  std::string number() { return fmt::format("{}", 10000 + splitmix64(state_) % 90000); }
  std::vector<std::string> different(std::size_t count) {
    std::vector<std::string> chosen;
    while (chosen.size() < count) {
      const std::string& word = words_[splitmix64(state_) % words_.size()];
      if (std::find(chosen.begin(), chosen.end(), word) == chosen.end()) chosen.push_back(word);
    }
    return chosen;
  }

  const std::vector<std::string>& words_;
  std::uint64_t state_;
};

class Assembler {
 public:
  static Result<Assembler> create(const model::Model& model) {
    Assembler assembler(model);
    if (model.chat_template().empty()) {
      const text::Vocabulary& vocabulary = model.tokenizer().vocabulary();
      if (vocabulary.add_bos && vocabulary.bos >= 0) assembler.before_.push_back(vocabulary.bos);
      return assembler;
    }
    // The text before and after a user's message.
    const std::string place = "PLACE-OF-THE-TEXT";
    BRIM_ASSIGN(generate::Conversation turn,
                generate::Conversation::create(model.tokenizer(), "", model.chat_template()));
    BRIM_TRY(turn.add("user", place));
    BRIM_ASSIGN(const std::string rendered, turn.render());
    const std::size_t at = rendered.find(place);
    if (at == std::string::npos) {
      return error(ErrorCode::unsupported, "recall: the model's chat template leaves out what a user says");
    }
    assembler.chat_ = true;
    BRIM_ASSIGN(assembler.before_, turn.encode(std::string_view(rendered).substr(0, at), true));
    BRIM_ASSIGN(assembler.after_, turn.encode(std::string_view(rendered).substr(at + place.size()), false));
    return assembler;
  }

  std::vector<std::int32_t> encode(const std::string& text) const {
    auto ids = model_.tokenizer().encode(text, {.add_special = false, .continues = true});
    return ids ? *ids : std::vector<std::int32_t>();
  }

  /// The facts in hay[from …], the first needle at `depth` and the others evenly over the rest of the text; or nothing
  /// where they do not fit.
  std::vector<std::int32_t> assemble(const Facts& facts, std::span<const std::int32_t> hay, double depth,
                                     bool question_first, std::int64_t size) const {
    std::vector<std::int32_t> ids = before_;
    const auto add = [&](const std::vector<std::int32_t>& more) { ids.insert(ids.end(), more.begin(), more.end()); };
    const std::vector<std::int32_t> question = encode("\n\n" + facts.question);
    if (question_first) add(encode(facts.question + "\n\n"));
    std::vector<std::vector<std::int32_t>> needles;
    std::vector<std::int32_t> end = question;
    if (chat_) {
      end.insert(end.end(), after_.begin(), after_.end());
    } else {
      const std::vector<std::int32_t> beginning = encode(facts.beginning);
      end.insert(end.end(), beginning.begin(), beginning.end());
    }
    std::size_t used = ids.size() + end.size();
    for (const std::string& needle : facts.needles) {
      needles.push_back(encode(needle));
      used += needles.back().size();
    }
    if (static_cast<std::int64_t>(used) + 16 > size) return {};
    const std::size_t left = std::min(static_cast<std::size_t>(size) - used, hay.size());
    std::vector<std::pair<std::size_t, std::size_t>> places;  // position in the hay, and index of the needle
    for (std::size_t i = 0; i < needles.size(); ++i) {
      const double shifted = depth + static_cast<double>(i) / static_cast<double>(needles.size());
      const double share = shifted >= 1 ? shifted - 1 : shifted;
      places.emplace_back(sentence_end(hay.first(left), static_cast<std::size_t>(share * static_cast<double>(left))),
                          i);
    }
    std::sort(places.begin(), places.end());
    std::size_t at = 0;
    for (const auto& [place, needle] : places) {
      ids.insert(ids.end(), hay.begin() + static_cast<std::ptrdiff_t>(at),
                 hay.begin() + static_cast<std::ptrdiff_t>(place));
      add(needles[needle]);
      at = place;
    }
    ids.insert(ids.end(), hay.begin() + static_cast<std::ptrdiff_t>(at),
               hay.begin() + static_cast<std::ptrdiff_t>(left));
    add(end);
    return ids;
  }

 private:
  explicit Assembler(const model::Model& model) : model_(model) {}
  /// The first position from `from` on, and not far from it, where a sentence has ended; else `from`.
  std::size_t sentence_end(std::span<const std::int32_t> hay, std::size_t from) const {
    constexpr std::size_t kFar = 64;
    for (std::size_t at = from; at < std::min(hay.size(), from + kFar); ++at) {
      const std::string_view piece = at == 0 ? "." : model_.tokenizer().piece(hay[at - 1], false);
      if (piece.ends_with('.') || piece.ends_with('!') || piece.ends_with('?')) return at;
    }
    return from;
  }

  const model::Model& model_;
  bool chat_ = false;  ///< the text and the question are one user message
  std::vector<std::int32_t> before_, after_;
};

}  // namespace

Result<std::vector<RecallTask>> make_recall_tasks(const model::Model& model, const std::string& text, std::int64_t size,
                                                  int count) {
  const std::vector<std::string> words = long_words(text);
  BRIM_ASSIGN(const Assembler assembler, Assembler::create(model));
  const std::vector<std::int32_t> hay = assembler.encode(text.substr(0, std::size_t{1} << 22));
  std::vector<RecallTask> tasks;
  if (words.size() < 40 || hay.size() < static_cast<std::size_t>(size)) return tasks;
  for (int i = 0; i < count; ++i) {
    const auto number = static_cast<std::size_t>(i);
    RecallTask task;
    task.kind = kKinds[number % kKindCount];
    task.question_first = number / kKindCount % 2 == 1;
    task.depth = 0.1 + 0.4 * static_cast<double>(number / (2 * kKindCount) % 3);
    const std::int64_t length = number / (6 * kKindCount) % 2 == 0 ? size : size / 2;
    std::uint64_t state = number;
    const std::size_t from = splitmix64(state) % (hay.size() - static_cast<std::size_t>(size) + 1);
    const Facts facts = Maker(words, state).facts(task.kind);
    task.ids = assembler.assemble(facts, std::span<const std::int32_t>(hay).subspan(from), task.depth,
                                  task.question_first, length - kAnswerTokens);
    task.answers = facts.answers;
    if (!task.ids.empty()) tasks.push_back(std::move(task));
  }
  return tasks;
}

Result<double> measure_recall(run::Sequence& sequence, const RecallTask& task, std::int64_t chunk,
                              const KeepGoing& keep_going) {
  BRIM_TRY(read_in_chunks(sequence, task.ids, chunk, keep_going));
  std::string answer;
  for (std::int64_t i = 0; i < kAnswerTokens; ++i) {
    BRIM_ASSIGN(const std::span<const float> logits, sequence.logits());
    BRIM_TRY(generate::check_logits(logits, sequence.tokens()));
    const auto id = static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    if (sequence.model().tokenizer().ends_generation(id)) break;
    answer += sequence.model().tokenizer().piece(id, false);
    if (!keep_going()) return error(ErrorCode::cancelled, "measuring was stopped");
    if (i + 1 < kAnswerTokens) BRIM_TRY(sequence.read({&id, 1}, {}, nullptr));
  }
  const auto found = std::count_if(task.answers.begin(), task.answers.end(), [&](const std::string& expected) {
    return answer.find(expected) != std::string::npos;
  });
  return static_cast<double>(found) / static_cast<double>(task.answers.size());
}

}  // namespace brim::apps
