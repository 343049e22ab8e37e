// Documents through a whole model: the budget holds, threads change no bit, where everything fits nothing differs from
// plain reading, and what is saved, forked or processed again is the same document bit for bit.
#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/generate/session.hpp"
#include "tests/engine/generate/cached.hpp"
#include "tests/engine/generate/scored.hpp"
#include "tests/engine/generate/tiny.hpp"
#include "tests/support/saved_bytes.hpp"

namespace document_test {

using namespace brim;
using generate::Session;
using generate::SessionOptions;
using run::Sequence;
using test::cache_of;
using test::read;

/// Quotas of `quota` entries for every layer of the tiny model, and pieces of 32 tokens.
run::SequenceOptions with_quota(const model::Model& model, std::int64_t quota, const kv::Rule& keep, int threads = 2,
                                bool apart = false) {
  run::SequenceOptions options;
  options.threads = threads;
  options.keep = &keep;
  const auto& config = model.config();
  const std::size_t heads = apart ? static_cast<std::size_t>(config.layers[0].kv_heads) : 1;
  options.quotas.assign(config.layers.size() * heads, quota);
  options.heads = apart ? kv::HeadSelection::apart : kv::HeadSelection::together;
  options.chunk = 32;
  if (&keep == &kv::learned_rule()) options.scores = test::random_scores(config);
  return options;
}

void read_document(Sequence& sequence, std::span<const std::int32_t> ids) {
  const Status status = sequence.read_document(ids, {}, nullptr);
  if (!status) FAIL(status.error().sentence);
}

TEST_CASE("where everything fits a document is a text like any other") {
  const auto model = test::tiny_model();
  const auto ids = test::some_ids(150);
  run::SequenceOptions options;
  options.threads = 2;
  options.keep = &kv::distinct_rule();
  options.budget = *kv::parse_budget("full");
  const auto document = test::open_sequence(model, options), text = test::open_sequence(model, options);
  read_document(*document, ids);
  read(*text, ids);
  CHECK(document->looked_streams() == 0);
  CHECK(document->document_remark().empty());
  CHECK(document->document().end == 150);
  CHECK(test::same_state(*document, *text));
  CHECK(cache_of(*document) == cache_of(*text));
}

TEST_CASE("one thread and several look at the same things, within the budget, far beyond the context") {
  const auto model = test::tiny_model();
  const auto ids = test::some_ids(600);
  for (const kv::Rule* keep : {&kv::distinct_rule(), &kv::learned_rule()}) {
    for (const char* type : {"f32", "q8_0:q4_0"}) {
      for (const bool apart : {false, true}) {
        std::vector<std::unique_ptr<Sequence>> sequences;
        for (const int threads : {1, 3, 2}) {
          auto options = with_quota(*model, 160, *keep, threads, apart);
          options.type = *kernels::parse_kv_types(type);
          sequences.push_back(test::open_sequence(model, options));
          Sequence& own = *sequences.back();
          REQUIRE(own.looked_streams() == own.cache().plan().shape.layers.size());
          const Progress within = [&](long long, long long) {
            CHECK(own.cache().bytes_used() <= own.memory().kv.budget_bytes);
            return true;
          };
          if (threads == 2) {  // the same text, without looks
            REQUIRE(own.read(ids, within, nullptr));
          } else {
            REQUIRE(own.read_document(ids, within, nullptr));
          }
          CHECK(own.cache().bytes_peak() <= own.memory().kv.budget_bytes);
          CHECK(own.tokens() == 600);
          CHECK(own.cache().tokens() == 600);
        }
        CHECK(sequences[0]->cache().evicted() > 0);
        CHECK(sequences[0]->cache().rebased() > 0);
        CHECK(test::same_state(*sequences[0], *sequences[1]));
        CHECK(cache_of(*sequences[0]) == cache_of(*sequences[1]));
        CHECK(cache_of(*sequences[0]) != cache_of(*sequences[2]));
      }
    }
  }
}

TEST_CASE("a look finds the attention that a query gives, among sinks, the piece and the replay") {
  // One head: what the rule is shown of the newest query's attention is that head's.
  class NewestQuery : public kv::Rule {
   public:
    std::string_view name() const override { return "newest"; }
    kv::Needs needs() const override {
      kv::Needs needs;
      needs.attention_queries = 1;
      needs.attention_kept = 0;
      return needs;
    }
    void score(const kv::Entries& entries, std::span<float> scores) const noexcept override {
      seen.assign(entries.accumulated.begin(), entries.accumulated.end());
      std::fill(scores.begin(), scores.end(), 0.0f);
    }
    mutable std::vector<float> seen;
  } rule;
  test::TinyModel shape;
  shape.layers = 1;
  shape.heads = shape.kv_heads = 1;
  const auto model = test::tiny_model(shape);
  const auto ids = test::some_ids(33);
  const std::span<const std::int32_t> all(ids);
  auto options = with_quota(*model, 32, rule);
  options.type = *kernels::parse_kv_types("f32");
  const auto plain = test::open_sequence(model, options);
  read(*plain, all.first(32));
  read(*plain, all.subspan(32));
  REQUIRE(rule.seen.size() == 33);

  options = with_quota(*model, 64, kv::distinct_rule());
  options.type = *kernels::parse_kv_types("f32");
  const auto looking = test::open_sequence(model, options);
  read(*looking, all.first(32));
  std::vector<float> found;
  model::InputObserver observer;
  observer.looks = [&](kv::StreamId, std::int64_t tokens, std::span<const float> scores) {
    CHECK(tokens == 1);
    found.assign(scores.begin(), scores.end());
  };
  looking->observe_inputs(std::move(observer));
  const auto before = cache_of(*looking);
  REQUIRE(looking->look(all.subspan(32), nullptr));
  CHECK(cache_of(*looking) == before);
  REQUIRE(found.size() == 1);
  double sum = double{rule.seen[31]} + double{rule.seen[32]};
  for (std::size_t sink = 0; sink < 4; ++sink) sum += double{rule.seen[sink]};
  CHECK(found[0] == doctest::Approx(rule.seen[31] / sum).epsilon(1e-4));
  CHECK(found[0] < 1);
}

TEST_CASE("heads that share keys give an entry the largest attention of any of them") {
  test::TinyModel shape;
  shape.layers = 2;
  const auto model = test::tiny_model(shape);
  const auto ids = test::some_ids(96);
  std::map<int, std::vector<float>> by_threads;
  for (const int threads : {1, 2, 3}) {
    const auto sequence = test::open_sequence(model, with_quota(*model, 160, kv::distinct_rule(), threads));
    int calls = 0;
    model::InputObserver observer;
    observer.looks = [&](kv::StreamId, std::int64_t tokens, std::span<const float> scores) {
      ++calls;
      CHECK(tokens == 32);
      CHECK(scores.size() == 64);
      for (const float score : scores) CHECK((score > 0 && score < 1));
      by_threads[threads].insert(by_threads[threads].end(), scores.begin(), scores.end());
    };
    sequence->observe_inputs(std::move(observer));
    read_document(*sequence, ids);
    CHECK(calls == 6);  // three pieces, two layers
  }
  CHECK(by_threads[1] == by_threads[2]);
  CHECK(by_threads[1] == by_threads[3]);
}

TEST_CASE("a document that is saved, restored or copied is asked about as the first one is") {
  const auto model = test::tiny_model();
  const auto ids = test::some_ids(400);
  const std::span<const std::int32_t> all(ids);
  const auto options = with_quota(*model, 160, kv::distinct_rule());
  const auto document = test::open_sequence(model, options), restored = test::open_sequence(model, options);
  read_document(*document, all.first(300));
  StateWriter writer;
  REQUIRE(document->save(writer));
  const auto bytes = test::saved_bytes(writer);
  StateReader state("a state", {bytes});
  const Status status = restored->restore(state);
  if (!status) FAIL(status.error().sentence);
  CHECK(restored->document().first == 0);
  CHECK(restored->document().end == 300);
  for (Sequence* each : {document.get(), restored.get()}) read(*each, all.subspan(300));
  CHECK(test::same_state(*document, *restored));
  CHECK(cache_of(*document) == cache_of(*restored));

  // After a question that evicted from it, going back processes the document again as a document.
  const auto fresh = test::open_sequence(model, options);
  read_document(*fresh, all.first(300));
  REQUIRE(document->rewind(300, {}, nullptr));
  CHECK(document->document().end == 300);
  for (Sequence* each : {document.get(), fresh.get()}) read(*each, all.subspan(320, 10));
  CHECK(test::same_state(*document, *fresh));
  for (kv::StreamId layer : kv::ids_up_to<kv::StreamId>(3)) {
    CHECK(document->cache().kept(layer, 0, 300) == fresh->cache().kept(layer, 0, 300));
  }
  // A cut inside it leaves an ordinary text.
  REQUIRE(document->rewind(200, {}, nullptr));
  CHECK(document->document().end == 0);
  document->clear();
  CHECK(document->document().end == 0);
}

TEST_CASE("a document that is stopped leaves a sequence that goes on") {
  const auto model = test::tiny_model();
  const auto ids = test::some_ids(300);
  const std::span<const std::int32_t> all(ids);
  const auto options = with_quota(*model, 160, kv::distinct_rule());
  // By progress, between pieces; and in the middle of a look.
  for (const bool in_look : {false, true}) {
    const auto sequence = test::open_sequence(model, options), other = test::open_sequence(model, options);
    std::atomic<bool> cancel{false};
    int looks = 0;
    model::InputObserver observer;
    observer.looks = [&](kv::StreamId, std::int64_t, std::span<const float>) { cancel = in_look && ++looks == 20; };
    sequence->observe_inputs(std::move(observer));
    const Status status = sequence->read_document(
        all, [&](long long done, long long) { return in_look || done < 200; }, &cancel);
    REQUIRE(!status);
    CHECK(status.error().code == ErrorCode::cancelled);
    sequence->observe_inputs({});
    CHECK(sequence->document().end == 0);
    CHECK(!sequence->cache().stale());
    CHECK(sequence->tokens() == sequence->cache().tokens());
    CHECK(sequence->tokens() % 32 == 0);
    CHECK(sequence->tokens() > 0);
    read(*sequence, all.first(50));
    // Begun again, it is the document that it would have been.
    sequence->clear();
    for (Sequence* each : {sequence.get(), other.get()}) {
      read_document(*each, all);
      read(*each, all.first(20));
    }
    CHECK(test::same_state(*sequence, *other));
  }
}

SessionOptions session_options(const char* budget, const kv::Rule& keep = kv::distinct_rule()) {
  SessionOptions options;
  options.sequence.threads = 2;
  options.sequence.budget = *kv::parse_budget(budget);
  options.sequence.keep = &keep;
  options.sequence.split = &kv::uniform_split();
  options.sampling.temperature = 0;
  options.ignore_end_tokens = true;
  options.chat_template = "chatml";
  return options;
}

std::unique_ptr<Session> open_session(const std::shared_ptr<const model::Model>& model, const SessionOptions& options) {
  auto session = Session::create(model, options);
  if (!session) FAIL(session.error().sentence);
  return std::move(*session);
}

/// A model of one layer, whose quota holds many pieces at half of the cache.
std::shared_ptr<const model::Model> one_layer() {
  test::TinyModel shape;
  shape.layers = 1;
  shape.context = 512;
  return test::tiny_model(shape);
}

std::string long_text() {
  std::string text;
  for (int i = 0; i < 60; ++i) text += "the dog was on the cat and " + std::to_string(i) + " suns. ";
  return text;
}

std::string answer(Session& session, std::string_view question) {
  const Status asked = session.message("user", question);
  if (!asked) FAIL(asked.error().sentence);
  std::string said;
  for (int i = 0; i < 12; ++i) said += session.next()->text;
  return said;
}

TEST_CASE("questions in forks see the same document, and are messages that begin with it") {
  const auto model = one_layer();
  const auto session = open_session(model, session_options("50%"));
  REQUIRE(session->sequence().looked_streams() == 1);
  const std::string text = long_text();
  REQUIRE(session->document(text));
  const std::int64_t tokens = session->sequence().tokens();
  CHECK(tokens > 512);
  CHECK(session->sequence().document().end == tokens);
  CHECK(session->sequence().cache().evicted() > 0);
  CHECK(session->messages() == "[]");
  std::map<std::string, std::string> answers;
  for (const char* question : {"who?", "where?", "who?"}) {
    auto fork = session->fork();
    if (!fork) FAIL(fork.error().sentence);
    const std::string said = answer(**fork, question);
    const auto [place, first] = answers.try_emplace(question, said);
    CHECK((first || place->second == said));
    const std::string messages = (*fork)->messages();
    CHECK(messages.find("suns. \\n\\n" + std::string(question)) != std::string::npos);
    CHECK((*fork)->sequence().document().end == tokens);
    // The next question of the same conversation follows what is there.
    const std::int64_t before = (*fork)->sequence().tokens();
    answer(**fork, "and then?");
    CHECK((*fork)->sequence().tokens() > before);
    CHECK((*fork)->timings().prompt_tokens < 150);
  }
  CHECK(session->sequence().tokens() == tokens);
  // The session itself may ask too.
  CHECK(answer(*session, "where?") == answers["where?"]);
}

TEST_CASE("in a whole cache a document and its question are the message that they make together") {
  const auto model = one_layer();
  const auto options = session_options("full");
  const auto session = open_session(model, options), plain = open_session(model, options);
  const std::string text = "the dog was on the cat. ";
  REQUIRE(session->document(text));
  CHECK(session->sequence().document_remark().empty());
  const std::string said = answer(*session, "who?");
  CHECK(said == answer(*plain, text + "\n\nwho?"));
  CHECK(session->messages() == plain->messages());
}

TEST_CASE("documents that are refused change nothing; one that is stopped leaves an empty session") {
  const auto model = one_layer();
  const auto window = open_session(model, session_options("50%", kv::window_rule()));
  REQUIRE(window->append("the sun", {}));
  const std::int64_t tokens = window->sequence().tokens();
  const Status refused = window->document(long_text());
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::invalid_argument);
  CHECK(refused.error().sentence.find("kv.keep=distinct") != std::string::npos);
  CHECK(!window->document(""));
  CHECK(window->sequence().tokens() == tokens);
  const auto whole = open_session(model, session_options("full", kv::window_rule()));
  CHECK(whole->document("the sun"));

  const auto session = open_session(model, session_options("50%"));
  answer(*session, "hello");
  session->on_progress([](long long done, long long) { return done < 200; });
  const Status stopped = session->document(long_text());
  REQUIRE(!stopped);
  CHECK(stopped.error().code == ErrorCode::cancelled);
  CHECK(session->sequence().tokens() == 0);
  CHECK(session->messages() == "[]");
  session->on_progress({});
  const auto other = open_session(model, session_options("50%"));
  for (Session* each : {session.get(), other.get()}) REQUIRE(each->document(long_text()));
  CHECK(answer(*session, "who?") == answer(*other, "who?"));
}

TEST_CASE("small quotas are left to the rule, and a sentence says so") {
  test::TinyModel shape;
  shape.layers = 3;
  const auto model = test::tiny_model(shape);
  const auto session = open_session(model, session_options("30%"));
  CHECK(session->sequence().looked_streams() == 0);
  REQUIRE(session->document(long_text()));
  const std::string remark = session->sequence().document_remark();
  CHECK(remark.find("kv.keep=distinct alone decides") != std::string::npos);
  CHECK(!answer(*session, "who?").empty());
}

}  // namespace document_test
