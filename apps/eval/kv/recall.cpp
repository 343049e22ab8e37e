// See recall.hpp.
#include "apps/eval/kv/recall.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

namespace brim::apps {
namespace {

constexpr const char* kKinds[] = {"single", "multi-key", "multi-value", "variables", "association"};
constexpr std::size_t kKindCount = std::size(kKinds);

/// A task as text: facts, and the question whose continuation is the answer.
struct Facts {
  std::vector<std::string> needles;
  std::string question;
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
      return fmt::format(" The secret number of the {} is {}.", name, number);
    };
    Facts facts;
    if (kind == "single" || kind == "multi-key") {
      const std::size_t keys = kind == "single" ? 1 : 4;
      for (std::size_t i = 0; i < keys; ++i) {
        const std::string value = number();
        if (i == 0) facts.answers = {value};
        facts.needles.push_back(says(names[i], value));
      }
      facts.question = fmt::format(" The secret number of the {} is", names[0]);
    } else if (kind == "multi-value") {
      for (int i = 0; i < 3; ++i) {
        facts.answers.push_back(number());
        facts.needles.push_back(says(names[0], facts.answers.back()));
      }
      facts.question = fmt::format(" All the secret numbers of the {} are", names[0]);
    } else if (kind == "variables") {
      const std::string value = number();
      for (std::size_t i = 0; i < 3; ++i) {
        facts.needles.push_back(fmt::format(" Let {} be {}.", names[i], i == 0 ? value : names[i - 1]));
        facts.answers.push_back(names[i]);
      }
      facts.question = fmt::format(" The names that stand for {} are", value);
    } else {
      const std::vector<std::string> things = different(4);
      for (std::size_t i = 0; i < 4; ++i)
        facts.needles.push_back(fmt::format(" The {} likes the {}.", names[i], things[i]));
      facts.answers = {things[0]};
      facts.question = fmt::format(" The {} likes the", names[0]);
    }
    return facts;
  }

 private:
  std::string number() { return fmt::format("{}", 10000 + next_random(state_) % 90000); }
  std::vector<std::string> different(std::size_t count) {
    std::vector<std::string> chosen;
    while (chosen.size() < count) {
      const std::string& word = words_[next_random(state_) % words_.size()];
      if (std::find(chosen.begin(), chosen.end(), word) == chosen.end()) chosen.push_back(word);
    }
    return chosen;
  }

  const std::vector<std::string>& words_;
  std::uint64_t state_;
};

class Assembler {
 public:
  explicit Assembler(const model::Model& model) : model_(model) {}

  std::vector<std::int32_t> encode(const std::string& text) const {
    auto ids = model_.tokenizer().encode(text, {.add_special = false, .continues = true});
    return ids ? *ids : std::vector<std::int32_t>();
  }

  /// The facts in hay[from …], the first needle at `depth` and the others evenly over the rest of the text; or nothing
  /// where they do not fit.
  std::vector<std::int32_t> assemble(const Facts& facts, std::span<const std::int32_t> hay, double depth,
                                     bool question_first, std::int64_t size) const {
    const text::Vocabulary& vocabulary = model_.tokenizer().vocabulary();
    std::vector<std::int32_t> ids;
    if (vocabulary.add_bos && vocabulary.bos >= 0) ids.push_back(vocabulary.bos);
    const std::vector<std::int32_t> question = encode(facts.question);
    if (question_first) ids.insert(ids.end(), question.begin(), question.end());
    std::vector<std::vector<std::int32_t>> needles;
    std::size_t used = ids.size() + question.size();
    for (const std::string& needle : facts.needles) {
      needles.push_back(encode(needle));
      used += needles.back().size();
    }
    if (static_cast<std::int64_t>(used) + 16 > size) return {};
    const std::size_t left = std::min(static_cast<std::size_t>(size) - used, hay.size());
    std::vector<std::pair<std::size_t, std::size_t>> places;  // in the hay, and which needle
    for (std::size_t i = 0; i < needles.size(); ++i) {
      const double shifted = depth + static_cast<double>(i) / static_cast<double>(needles.size());
      places.emplace_back(static_cast<std::size_t>((shifted >= 1 ? shifted - 1 : shifted) * static_cast<double>(left)),
                          i);
    }
    std::sort(places.begin(), places.end());
    std::size_t at = 0;
    for (const auto& [place, needle] : places) {
      ids.insert(ids.end(), hay.begin() + static_cast<std::ptrdiff_t>(at),
                 hay.begin() + static_cast<std::ptrdiff_t>(place));
      ids.insert(ids.end(), needles[needle].begin(), needles[needle].end());
      at = place;
    }
    ids.insert(ids.end(), hay.begin() + static_cast<std::ptrdiff_t>(at),
               hay.begin() + static_cast<std::ptrdiff_t>(left));
    ids.insert(ids.end(), question.begin(), question.end());
    return ids;
  }

 private:
  const model::Model& model_;
};

}  // namespace

std::vector<RecallTask> make_recall_tasks(const model::Model& model, const std::string& text, std::int64_t size,
                                          int count) {
  const std::vector<std::string> words = long_words(text);
  const Assembler assembler(model);
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
    const std::size_t from = next_random(state) % (hay.size() - static_cast<std::size_t>(size) + 1);
    const Facts facts = Maker(words, state).facts(task.kind);
    task.ids = assembler.assemble(facts, std::span<const std::int32_t>(hay).subspan(from), task.depth,
                                  task.question_first, length - kAnswerTokens);
    task.answers = facts.answers;
    if (!task.ids.empty()) tasks.push_back(std::move(task));
  }
  return tasks;
}

Result<double> measure_recall(generate::Reader& reader, const RecallTask& task, std::int64_t chunk,
                              const KeepGoing& keep_going) {
  BRIM_TRY(read_in_chunks(reader, task.ids, chunk, keep_going));
  std::string answer;
  for (std::int64_t i = 0; i < kAnswerTokens; ++i) {
    BRIM_ASSIGN(const std::span<const float> logits, reader.logits());
    const auto id = static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    if (reader.model().tokenizer().ends_generation(id)) break;
    answer += reader.model().tokenizer().piece(id, false);
    if (!keep_going()) return error(ErrorCode::cancelled, "measuring was stopped");
    if (i + 1 < kAnswerTokens) BRIM_TRY(reader.read({&id, 1}, {}, nullptr));
  }
  const auto found = std::count_if(task.answers.begin(), task.answers.end(), [&](const std::string& expected) {
    return answer.find(expected) != std::string::npos;
  });
  return static_cast<double>(found) / static_cast<double>(task.answers.size());
}

}  // namespace brim::apps
