// See recall.hpp.
#include "research/kv_suite/recall.hpp"

#include <algorithm>
#include <utility>

#include "engine/base/splitmix64.hpp"
#include "engine/generate/conversation.hpp"
#include "engine/generate/logit_check.hpp"
#include "research/kv_suite/facts.hpp"

namespace brim::apps {
namespace {

using Ids = std::vector<std::int32_t>;

void append(Ids& ids, std::span<const std::int32_t> more) { ids.insert(ids.end(), more.begin(), more.end()); }

/// What stands before a text and behind a question.
class Frame {
 public:
  static Result<Frame> create(const model::Model& model) {
    Frame frame(model);
    if (model.chat_template().empty()) {
      const text::Vocabulary& vocabulary = model.tokenizer().vocabulary();
      if (vocabulary.add_bos && vocabulary.bos >= 0) frame.before_.push_back(vocabulary.bos);
      return frame;
    }
    const std::string place = "PLACE-OF-THE-TEXT";
    BRIM_ASSIGN(generate::Conversation turn,
                generate::Conversation::create(model.tokenizer(), "", model.chat_template()));
    BRIM_TRY(turn.add("user", place));
    BRIM_ASSIGN(const std::string rendered, turn.render());
    const std::size_t at = rendered.find(place);
    if (at == std::string::npos) {
      return error(ErrorCode::unsupported, "recall: the model's chat template leaves out what a user says");
    }
    frame.chat_ = true;
    BRIM_ASSIGN(frame.before_, turn.encode(std::string_view(rendered).substr(0, at), true));
    BRIM_ASSIGN(frame.after_, turn.encode(std::string_view(rendered).substr(at + place.size()), false));
    return frame;
  }

  Ids encode(const std::string& text) const {
    auto ids = model_.tokenizer().encode(text, {.add_special = false, .continues = true});
    return ids ? *ids : Ids();
  }

  const Ids& before() const { return before_; }

  Ids question(const Fact& fact) const {
    Ids ids = encode("\n\n" + fact.question);
    append(ids, chat_ ? after_ : encode(fact.beginning));
    return ids;
  }

  /// A position near `from` where a sentence has ended, rather behind it than before it; `from` where there is none.
  std::size_t sentence_end(std::span<const std::int32_t> hay, std::size_t from) const {
    constexpr std::size_t kFar = 64;
    for (std::size_t at = from; at < std::min(hay.size(), from + kFar); ++at) {
      if (sentence_ended(hay, at)) return at;
    }
    for (std::size_t back = 1; back <= std::min(from, kFar); ++back) {
      if (sentence_ended(hay, from - back)) return from - back;
    }
    return from;
  }

 private:
  explicit Frame(const model::Model& model) : model_(model) {}
  /// Before token `at`; the beginning counts.
  bool sentence_ended(std::span<const std::int32_t> hay, std::size_t at) const {
    const std::string_view piece = at == 0 ? "." : model_.tokenizer().piece(hay[at - 1], false);
    return piece.ends_with('.') || piece.ends_with('!') || piece.ends_with('?');
  }

  const model::Model& model_;
  bool chat_ = false;  ///< the text and the question are one user message
  Ids before_, after_;
};

/// A number in [0, 1).
double draw(std::uint64_t& state) { return static_cast<double>(splitmix64(state) >> 11) * 0x1p-53; }

/// A text to hide facts in.
struct Hay {
  std::size_t text;
  Ids ids;
  std::vector<std::string> words;
};

/// The facts in hay[from …], or nothing where they do not fit.
RecallDocument hide(const Frame& frame, const Hay& hay, const std::vector<Fact>& facts, std::int64_t size,
                    std::uint64_t& state) {
  RecallDocument document;
  document.text = hay.text;
  document.ids = frame.before();
  std::vector<std::pair<double, Ids>> needles;  // where in the text: 0 at its beginning, 1 at its end
  std::size_t used = document.ids.size(), longest = 0;
  for (const Fact& fact : facts) {
    RecallQuestion question{fact.kind, frame.question(fact), fact.answers};
    longest = std::max(longest, question.ids.size());
    document.questions.push_back(std::move(question));
    std::vector<double> places;
    for (std::size_t i = 0; i < fact.needles.size(); ++i) places.push_back(draw(state));
    std::sort(places.begin(), places.end());
    for (std::size_t i = 0; i < places.size(); ++i) {
      needles.emplace_back(places[i], frame.encode(fact.needles[i]));
      used += needles.back().second.size();
    }
  }
  used += longest + static_cast<std::size_t>(kAnswerTokens);
  if (static_cast<std::int64_t>(used) + 64 > size || hay.ids.size() < static_cast<std::size_t>(size)) return {};
  const std::size_t left = static_cast<std::size_t>(size) - used;
  const std::size_t from = splitmix64(state) % (hay.ids.size() - left + 1);
  const std::span<const std::int32_t> text = std::span(hay.ids).subspan(from, left);
  std::stable_sort(needles.begin(), needles.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::size_t at = 0;
  for (const auto& [share, ids] : needles) {
    const std::size_t place = frame.sentence_end(text, static_cast<std::size_t>(share * static_cast<double>(left)));
    append(document.ids, text.subspan(at, std::max(place, at) - at));
    append(document.ids, ids);
    at = std::max(place, at);
  }
  append(document.ids, text.subspan(at));
  return document;
}

std::vector<std::byte> copy_of(const StateWriter& state) {
  std::vector<std::byte> bytes;
  for (const auto part : state.parts()) bytes.insert(bytes.end(), part.begin(), part.end());
  return bytes;
}

Result<std::string> answer(run::Sequence& sequence, const KeepGoing& keep_going) {
  std::string answer;
  for (std::int64_t i = 0; i < kAnswerTokens; ++i) {
    BRIM_ASSIGN(const std::span<const float> logits, sequence.logits());
    BRIM_TRY(generate::check_logits(logits, sequence.tokens()));
    const auto id = static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    if (sequence.model().tokenizer().ends_generation(id)) break;
    answer += sequence.model().tokenizer().piece(id, false);
    if (!keep_going()) return error(ErrorCode::cancelled, "measuring was stopped");
    if (i + 1 < kAnswerTokens) BRIM_TRY(sequence.read_next(id, nullptr));
  }
  return answer;
}

}  // namespace

Result<std::vector<RecallDocument>> make_recall_documents(const model::Model& model,
                                                          const std::vector<std::string>& texts, std::int64_t size,
                                                          std::size_t questions) {
  BRIM_ASSIGN(const Frame frame, Frame::create(model));
  std::vector<Hay> hays;
  for (std::size_t text = 0; text < texts.size(); ++text) {
    Hay hay{text, frame.encode(texts[text].substr(0, std::size_t{1} << 22)), long_words(texts[text])};
    if (hay.words.size() >= kMinWords && hay.ids.size() >= static_cast<std::size_t>(size))
      hays.push_back(std::move(hay));
  }
  std::vector<RecallDocument> documents;
  if (hays.empty()) return documents;
  std::size_t asked = 0;
  for (std::uint64_t number = 0; asked < questions; ++number) {
    const Hay& hay = hays[number % hays.size()];
    std::uint64_t state = number;
    FactMaker maker(hay.words, splitmix64(state));
    std::vector<Fact> facts;
    for (; facts.size() < std::min(kQuestionsOfDocument, questions - asked);)
      facts.push_back(maker.make(kFactKinds[(asked + facts.size()) % std::size(kFactKinds)]));
    RecallDocument document = hide(frame, hay, facts, size, state);
    if (document.questions.empty()) break;
    asked += facts.size();
    documents.push_back(std::move(document));
  }
  return documents;
}

Result<std::vector<double>> measure_recall(run::Sequence& sequence, const RecallDocument& document, std::int64_t chunk,
                                           const KeepGoing& keep_going, bool replays) {
  if (replays) {
    sequence.clear();
    BRIM_TRY(sequence.read_document(
        document.ids, [&](long long, long long) { return keep_going(); }, nullptr));
  } else {
    BRIM_TRY(read_in_chunks(sequence, document.ids, chunk, keep_going));
  }
  StateWriter state;
  BRIM_TRY(sequence.save(state));
  const std::vector<std::byte> saved = copy_of(state);
  std::vector<double> shares;
  for (const RecallQuestion& question : document.questions) {
    StateReader from("the document", {saved});
    BRIM_TRY(sequence.restore(from));
    BRIM_TRY(read_on_in_chunks(sequence, question.ids, chunk, keep_going));
    BRIM_ASSIGN(const std::string said, answer(sequence, keep_going));
    const auto found =
        std::count_if(question.answers.begin(), question.answers.end(),
                      [&](const std::string& expected) { return said.find(expected) != std::string::npos; });
    shares.push_back(static_cast<double>(found) / static_cast<double>(question.answers.size()));
  }
  return shares;
}

}  // namespace brim::apps
