// Copied and saved sessions: the text that follows is the text that would have followed, token by token and bit by bit,
// whatever the state of the cache, the sampler and the conversation; and a file that differs from what was written is
// refused with a sentence.
#include <doctest/doctest.h>

#include <atomic>
#include <cstring>
#include <string>
#include <vector>

#include "engine/generate/session.hpp"
#include "engine/model/profile_file.hpp"
#include "tests/engine/generate/speculating.hpp"
#include "tests/engine/generate/tiny.hpp"
#include "tests/support/file_content.hpp"
#include "tests/support/policies.hpp"
#include "tests/support/scratch_folder.hpp"

using namespace brim;
using generate::SavedSession;
using generate::Session;
using generate::SessionOptions;

namespace {

struct Folder : test::ScratchFolder {
  std::string file() const { return path + "/session"; }
};

std::shared_ptr<const model::Model> tiny() {
  static const auto loaded = test::tiny_model();
  return loaded;
}

SessionOptions options_for(const std::string& budget, const std::string& keep = "window") {
  SessionOptions options;
  options.sequence.threads = 2;
  options.sequence.budget = *kv::parse_budget(budget);
  options.sequence.keep = test::rule_named(keep);
  options.sampling.temperature = 0.9;
  options.sampling.seed = 7;
  options.ignore_end_tokens = true;
  options.chat_template = "chatml";
  return options;
}

std::unique_ptr<Session> taken(Result<std::unique_ptr<Session>> session) {
  if (!session) FAIL(session.error().sentence);
  return std::move(*session);
}

std::unique_ptr<Session> open(const SessionOptions& options) { return taken(Session::create(tiny(), options)); }

std::unique_ptr<Session> through_file(Session& session, const SessionOptions& options) {
  const Folder folder;
  const Status saved = session.save(folder.file(), {{"key", "value"}});
  if (!saved) FAIL(saved.error().sentence);
  auto file = SavedSession::open(folder.file(), *tiny());
  if (!file) FAIL(file.error().sentence);
  CHECK(file->origin().settings == generate::Settings{{"key", "value"}});
  return taken(Session::restore(tiny(), options, *file));
}

/// Checks that the next pieces of both are equal: ids, texts and ends, and also the numbers that describe the caches.
void check_same_future(Session& one, Session& other, int count) {
  for (int i = 0; i < count; ++i) {
    const auto left = one.next(), right = other.next();
    REQUIRE(left.ok() == right.ok());
    if (!left) return;
    REQUIRE(left->id == right->id);
    REQUIRE(left->text == right->text);
    REQUIRE(left->end == right->end);
    const kv::Memory &a = one.sequence().cache(), &b = other.sequence().cache();
    REQUIRE(a.tokens() == b.tokens());
    REQUIRE(a.next_position() == b.next_position());
    REQUIRE(a.evicted() == b.evicted());
    REQUIRE(a.bytes_used() == b.bytes_used());
    REQUIRE(a.bytes_peak() == b.bytes_peak());
    if (left->end != generate::End::not_yet) return;
  }
  const auto left = one.logits(), right = other.logits();
  REQUIRE(left.ok());
  CHECK(std::memcmp(left->data(), right->data(), left->size_bytes()) == 0);
}

std::span<const std::int32_t> ids(std::size_t first, std::size_t count) {
  static const auto all = test::some_ids(2000);
  return std::span(all).subspan(first, count);
}

struct Case {
  const char *budget, *keep, *split, *read;
  kernels::KvTypes type;
  kv::HeadSelection heads = kv::HeadSelection::together;
};
const Case kCases[] = {
    {"full", "window", "auto", "all", kernels::KvType::f32},
    {"30%", "window", "uniform", "all", kernels::KvType::f16},
    {"30%", "h2o", "zigzag", "all", kernels::KvType::q8_0},
    {"40%", "dynsplit", "uniform", "all", kernels::KvType::f16},
    {"50%", "dynsplit", "zigzag", "top=25%", kernels::KvType::f16},
    {"35%", "snapkv", "cake", "all", kernels::KvType::f16},
    {"45%", "knorm", "squeeze", "all", kernels::KvType::f16},
    {"35%", "tova", "zigzag", "all", kernels::KvType::f16},
    {"40%", "snapkv", "cake", "all", {kernels::KvType::q5_0, kernels::KvType::q3_0}},
    {"35%", "distinct", "uniform", "all", kernels::KvType::f16},
    {"50%", "distinct", "zigzag", "top=25%", kernels::KvType::q8_0},
    {"60%", "distinct", "uniform", "all", kernels::KvType::f16, kv::HeadSelection::apart},
    {"40%", "snapkv", "zigzag", "all", {kernels::KvType::q8_0, kernels::KvType::q4_0}, kv::HeadSelection::apart},
};

}  // namespace

TEST_CASE("a copy and a restored session go on as the session does, wherever it stands") {
  for (const Case& each : kCases) {
    CAPTURE(each.budget);
    CAPTURE(each.keep);
    CAPTURE(each.split);
    SessionOptions options = options_for(each.budget, each.keep);
    options.sequence.type = each.type;
    options.sequence.split = test::split_named(each.split);
    options.sequence.reading = *kv::parse_reading(each.read);
    options.sequence.heads = each.heads;
    const auto session = open(options);
    std::size_t place = 0;
    // Beyond the context of 256: entries are evicted, positions rebased, quotas moved.
    for (const std::size_t count : {40, 90, 1, 150, 33}) {
      REQUIRE(session->append(ids(place, count)));
      place += count;
      const auto original = taken(session->fork());
      const auto restored = through_file(*session, options), copy = taken(session->fork());
      check_same_future(*original, *restored, 20);
      check_same_future(*session, *copy, 20);
      // Processing further text also gives the same results.
      for (Session* each_one : {session.get(), copy.get()}) REQUIRE(each_one->append(ids(place, 20)));
      check_same_future(*session, *copy, 3);
      place += 20;
    }
  }
}

TEST_CASE("a copy is independent: what one processes, drops or changes the other never sees") {
  const SessionOptions options = options_for("40%");
  const auto session = open(options), other = open(options);
  for (Session* each : {session.get(), other.get()}) REQUIRE(each->append(ids(0, 120)));
  auto copy = taken(session->fork());
  REQUIRE(copy->append(ids(300, 100)));
  REQUIRE(copy->clear());
  REQUIRE(copy->message("user", "something else"));
  copy.reset();
  check_same_future(*session, *other, 30);
}

TEST_CASE("an answer under way is saved in the middle: text held back, drafts, limit and conversation") {
  for (const bool eager : {false, true}) {
    SessionOptions options = options_for("60%");
    options.sampling.temperature = 0.3;
    options.sampling.top_k = 2;
    options.sampling.mirostat = eager ? 0 : 2;
    options.sampling.repeat_penalty = eager ? 1.0 : 1.2;
    options.stops = {"zzzz", "\n\n\n"};
    options.limit = 40;
    options.sequence.speculation = {eager, 7, eager};
    const auto session = open(options);
    REQUIRE(session->message("user", "abcabcabcabc abcabcabc"));
    for (int i = 0; i < 30; ++i) {
      const auto restored = through_file(*session, options), copy = taken(session->fork());
      REQUIRE(restored->messages() == session->messages());
      CHECK(restored->timings().generated_tokens == i);
      check_same_future(*restored, *copy, 12);
      REQUIRE(session->next());
    }
    const auto restored = through_file(*session, options);
    for (Session* each : {session.get(), restored.get()}) {
      each->finish();
      REQUIRE(each->message("user", "and more"));
    }
    // Neither session processed the earlier text again.
    CHECK(restored->timings().prompt_tokens == session->timings().prompt_tokens);
    REQUIRE(restored->messages() == session->messages());
    check_same_future(*session, *restored, 40);
  }
}

TEST_CASE("while a text has to be processed again a sequence's state cannot be saved; afterwards it can") {
  run::SequenceOptions options = options_for("30%").sequence;
  const auto sequence = test::open_sequence(tiny(), options);
  REQUIRE(sequence->read(ids(0, 60), {}, nullptr));
  // Cancelled after layers that have evicted entries for this chunk.
  std::atomic<bool> cancel{false};
  sequence->observe_attention(
      [&](kv::LayerId layer, std::int64_t, std::span<const float>) { cancel = layer == kv::LayerId{1}; });
  REQUIRE(!sequence->read(ids(60, 32), {}, &cancel));
  REQUIRE(sequence->cache().stale());
  StateWriter refused;
  const Status status = sequence->save(refused);
  REQUIRE(!status);
  CHECK(status.error().code == ErrorCode::wrong_state);
  sequence->observe_attention({});
  REQUIRE(sequence->read(ids(60, 40), {}, nullptr));
  StateWriter state;
  REQUIRE(sequence->save(state));
  const auto copy = test::open_sequence(tiny(), options);
  StateReader source("a state", state.parts());
  REQUIRE(copy->restore(source));
  CHECK(test::same_state(*sequence, *copy));
}

TEST_CASE("files that are not as they were written are refused with a sentence") {
  const Folder folder;
  const SessionOptions options = options_for("40%", "dynsplit");
  const auto session = open(options);
  REQUIRE(session->append(ids(0, 150)));
  REQUIRE(session->save(folder.file(), {}));
  const std::string whole = test::file_content(folder.file());
  const auto refusal = [&](const std::string& bytes) {
    const auto opened = SavedSession::read(std::as_bytes(std::span(bytes)), "FILE", *tiny());
    return opened ? std::string() : opened.error().sentence;
  };
  CHECK(refusal(whole).empty());
  for (std::size_t size = 0; size < whole.size(); size += 1 + size / 7) CHECK(!refusal(whole.substr(0, size)).empty());
  CHECK(refusal(whole.substr(0, 1000)).find("FILE is not whole: expected ") == 0);
  CHECK(refusal(whole + "12345678").find("is not whole") != std::string::npos);
  CHECK(refusal("GGUF").find("is not a saved session") != std::string::npos);
  for (std::size_t at = 24; at < whole.size(); at += 1 + at / 5) {
    std::string altered = whole;
    altered[at] = static_cast<char>(altered[at] ^ 0x40);
    CHECK(refusal(altered).find("was altered") != std::string::npos);
  }
  std::string newer = whole;
  newer[8] = 9;
  CHECK(refusal(newer).find("expected version 4, found 9") != std::string::npos);

  test::TinyModel shape;
  shape.seed = 2;
  const auto other = SavedSession::open(folder.file(), *test::tiny_model(shape));
  REQUIRE(!other.ok());
  CHECK(other.error().sentence.find("is a session of another model") != std::string::npos);
  CHECK(other.error().sentence.find(tiny()->file().profiles.fingerprint) != std::string::npos);

  SessionOptions larger = options;
  larger.sequence.budget = *kv::parse_budget("full");
  auto file = SavedSession::open(folder.file(), *tiny());
  REQUIRE(file.ok());
  const auto restored = Session::restore(tiny(), larger, *file);
  REQUIRE(!restored.ok());
  CHECK(restored.error().sentence.find("session cannot be restored: KV memory, ") != std::string::npos);
  CHECK(restored.error().sentence.find(": expected ") != std::string::npos);
}
