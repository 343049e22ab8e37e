// The C interface from outside: every call with good and bad arguments, and the sentences that it returns.
#include <brim/brim.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "brim/brim.hpp"
#include "tests/support/tiny_file.hpp"

namespace {

using brim::test::TinyFile;

bool says(const char* part) { return std::string(brim_last_error()).find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a conversation through the C++ face") {
  const TinyFile file;
  const brim::Model model = brim::Model::load(file.path, {{"threads", "2"}});
  CHECK(model.info().threads == 2);
  CHECK(std::string(model.info().architecture) == "llama");
  CHECK(model.info().layers == 3);
  CHECK(model.info().has_chat_template == 0);
  brim::Session session(model, {{"kv.budget", "50%"}, {"temperature", "0"}, {"stop.ignore_eos", "1"}});
  std::string text;
  for (const std::string_view piece : session.reply("the cat", 10)) text += piece;
  CHECK(session.stats().generated_tokens == 10);
  CHECK(session.stats().kv_peak_bytes <= session.stats().kv_budget_bytes);
  CHECK(session.layer_stats(0).quota > 0);
  CHECK(session.describe().find("KV ") == 0);
  CHECK(session.messages().find("the cat") != std::string::npos);
  session.clear();
  CHECK(session.stats().tokens == 0);
  std::string again;
  for (const std::string_view piece : session.reply("the cat", 10)) again += piece;
  CHECK(again == text);
}

TEST_CASE("a model may be freed before its sessions") {
  const TinyFile file;
  brim_model* model = nullptr;
  REQUIRE(brim_model_load(file.path.c_str(), nullptr, nullptr, nullptr, &model) == BRIM_OK);
  brim_session* session = nullptr;
  REQUIRE(brim_session_create(model, nullptr, &session) == BRIM_OK);
  brim_model_free(model);
  REQUIRE(brim_session_append(session, "abc", 3, 1, 0) == BRIM_OK);
  brim_piece piece{};
  piece.size = sizeof piece;
  CHECK(brim_session_next(session, &piece) == BRIM_OK);
  brim_session_free(session);
}

TEST_CASE("bad options are named") {
  const TinyFile file;
  brim_model* model = nullptr;
  REQUIRE(brim_model_load(file.path.c_str(), nullptr, nullptr, nullptr, &model) == BRIM_OK);
  const char* bad[][3] = {
      {"kv.budget", "lots", "lots"},
      {"kv.type", "f8", "q8_0"},
      {"kv.split", "odd", "uniform"},
      {"kv.split", "cake", "found 'cake', a research policy that brim eval alone can use"},
      {"kv.keep", "h2o", "found 'h2o', a research policy that brim eval and brim calibrate alone can use"},
      {"kv.keep", "all", "window"},
      {"kv.read", "some", "top=N%"},
      {"kv.heads", "alone", "together or apart"},
      {"temperature", "-1", "temperature"},
      {"temperature", "hot", "hot"},
      {"top_k", "1.5", "1.5"},
      {"seed", "-3", "-3"},
      {"context", "0", "context"},
      {"nonsense", "1", "nonsense"},
      {"stop", "", "stop"},
      {"chat.template", "nosuch", "chatml"},
      {"logit_bias", "x", "logit_bias"},
      {"kv.budget", "1KiB", "KiB"}};
  for (const auto& row : bad) {
    const char *key = row[0], *value = row[1], *expected = row[2];
    INFO(key, " = ", value);
    brim_options* options = nullptr;
    REQUIRE(brim_options_create(&options) == BRIM_OK);
    REQUIRE(brim_options_set(options, key, value) == BRIM_OK);
    brim_session* session = nullptr;
    CHECK(brim_session_create(model, options, &session) != BRIM_OK);
    CHECK(session == nullptr);
    INFO(brim_last_error());
    CHECK(says(expected));
    brim_options_free(options);
  }
  brim_model_free(model);
}

TEST_CASE("null pointers and wrong sizes are refused in words") {
  brim_model* model = nullptr;
  CHECK(brim_model_load(nullptr, nullptr, nullptr, nullptr, &model) == BRIM_INVALID_ARGUMENT);
  CHECK(brim_model_load("/nowhere/at/all.gguf", nullptr, nullptr, nullptr, &model) == BRIM_IO);
  CHECK(says("/nowhere/at/all.gguf"));
  CHECK(brim_options_create(nullptr) == BRIM_INVALID_ARGUMENT);
  CHECK(brim_session_create(nullptr, nullptr, nullptr) == BRIM_INVALID_ARGUMENT);
  CHECK(brim_session_next(nullptr, nullptr) == BRIM_INVALID_ARGUMENT);
  CHECK(brim_session_append(nullptr, nullptr, 0, 0, 0) == BRIM_INVALID_ARGUMENT);
  brim_model_free(nullptr);
  brim_session_free(nullptr);
  brim_options_free(nullptr);
  brim_session_cancel(nullptr);

  const TinyFile file;
  REQUIRE(brim_model_load(file.path.c_str(), nullptr, nullptr, nullptr, &model) == BRIM_OK);
  brim_model_info info{};
  CHECK(brim_model_info_get(model, &info) == BRIM_INVALID_ARGUMENT);  // size 0
  brim_session* session = nullptr;
  REQUIRE(brim_session_create(model, nullptr, &session) == BRIM_OK);
  brim_piece piece{};
  piece.size = sizeof piece;
  CHECK(brim_session_next(session, &piece) == BRIM_WRONG_STATE);
  CHECK(brim_session_set(session, "context", "12") == BRIM_INVALID_ARGUMENT);
  CHECK(says("fixed"));
  CHECK(brim_session_message(session, "narrator", "x", 1) == BRIM_INVALID_ARGUMENT);
  brim_layer_stats layer{};
  layer.size = sizeof layer;
  CHECK(brim_session_layer_stats(session, 99, &layer) == BRIM_INVALID_ARGUMENT);
  const int32_t id = 1 << 30;
  CHECK(brim_session_append_ids(session, &id, 1) == BRIM_INVALID_ARGUMENT);
  brim_session_free(session);
  brim_model_free(model);
}

TEST_CASE("what a call would hand out is NULL where it fails, whatever was there before") {
  const TinyFile file;
  brim_model* model = nullptr;
  REQUIRE(brim_model_load(file.path.c_str(), nullptr, nullptr, nullptr, &model) == BRIM_OK);
  brim_session* session = nullptr;
  REQUIRE(brim_session_create(model, nullptr, &session) == BRIM_OK);
  auto* const old_model = reinterpret_cast<brim_model*>(&session);
  auto* const old_session = reinterpret_cast<brim_session*>(&session);
  brim_model* no_model = old_model;
  CHECK(brim_model_load(nullptr, nullptr, nullptr, nullptr, &no_model) == BRIM_INVALID_ARGUMENT);
  CHECK(no_model == nullptr);
  brim_session* none = old_session;
  CHECK(brim_session_create(nullptr, nullptr, &none) == BRIM_INVALID_ARGUMENT);
  CHECK(none == nullptr);
  none = old_session;
  CHECK(brim_session_fork(nullptr, &none) == BRIM_INVALID_ARGUMENT);
  CHECK(none == nullptr);
  none = old_session;
  CHECK(brim_session_restore(nullptr, nullptr, "none", &none) == BRIM_INVALID_ARGUMENT);
  CHECK(none == nullptr);
  none = old_session;
  CHECK(brim_session_restore(model, nullptr, nullptr, &none) == BRIM_INVALID_ARGUMENT);
  CHECK(none == nullptr);
  const float unused = 0;
  for (auto* const call : {brim_session_logits, brim_session_embedding}) {
    for (brim_session* const which : {static_cast<brim_session*>(nullptr), session}) {  // without tokens there is none
      const float* values = &unused;
      size_t count = 5;
      CHECK(call(which, &values, &count) != BRIM_OK);
      CHECK(values == nullptr);
      CHECK(count == 0);
    }
  }
  const char* text = "old";
  CHECK(brim_session_option(session, nullptr, 0, &text) == BRIM_INVALID_ARGUMENT);
  CHECK(text == nullptr);
  text = "old";
  size_t size = 5;
  CHECK(brim_session_messages(nullptr, &text, &size) == BRIM_INVALID_ARGUMENT);
  CHECK(text == nullptr);
  CHECK(size == 0);
  brim_session_free(session);
  brim_model_free(model);
}

TEST_CASE("options of a living session are read as they were given, and those with several values removed") {
  const TinyFile file;
  brim_model* model = nullptr;
  REQUIRE(brim_model_load(file.path.c_str(), nullptr, nullptr, nullptr, &model) == BRIM_OK);
  brim_options* options = nullptr;
  REQUIRE(brim_options_create(&options) == BRIM_OK);
  for (const char* stop : {"one", "two"}) REQUIRE(brim_options_set(options, "stop", stop) == BRIM_OK);
  for (const char* temperature : {"0.25", "0.5"})
    REQUIRE(brim_options_set(options, "temperature", temperature) == BRIM_OK);
  brim_session* session = nullptr;
  REQUIRE(brim_session_create(model, options, &session) == BRIM_OK);
  brim_options_free(options);

  const auto option = [&](const char* key, std::size_t index) -> std::string {
    const char* value = "untouched";
    REQUIRE(brim_session_option(session, key, index, &value) == BRIM_OK);
    return value == nullptr ? "-" : value;
  };
  CHECK(option("stop", 0) == "one");
  CHECK(option("stop", 1) == "two");
  CHECK(option("stop", 2) == "-");
  CHECK(option("temperature", 0) == "0.5");  // the last one counts
  CHECK(option("temperature", 1) == "-");
  CHECK(option("top_k", 0) == "-");
  CHECK(option("no such key", 0) == "-");

  REQUIRE(brim_session_set(session, "stop", "three") == BRIM_OK);
  REQUIRE(brim_session_set(session, "logit_bias", "5-inf") == BRIM_OK);
  REQUIRE(brim_session_set(session, "temperature", "0.75") == BRIM_OK);
  CHECK(option("stop", 2) == "three");
  CHECK(option("logit_bias", 0) == "5-inf");
  CHECK(option("temperature", 0) == "0.75");

  REQUIRE(brim_session_unset(session, "stop") == BRIM_OK);
  CHECK(option("stop", 0) == "-");
  CHECK(option("logit_bias", 0) == "5-inf");
  REQUIRE(brim_session_unset(session, "logit_bias") == BRIM_OK);
  CHECK(option("logit_bias", 0) == "-");
  CHECK(brim_session_unset(session, "temperature") == BRIM_INVALID_ARGUMENT);
  CHECK(says("temperature"));
  CHECK(option("temperature", 0) == "0.75");
  CHECK(brim_session_unset(session, nullptr) == BRIM_INVALID_ARGUMENT);
  CHECK(brim_session_unset(nullptr, "stop") == BRIM_INVALID_ARGUMENT);
  CHECK(brim_session_option(session, "stop", 0, nullptr) == BRIM_INVALID_ARGUMENT);
  brim_session_free(session);
  brim_model_free(model);
}

TEST_CASE("a bias and a stop string that were removed change no token") {
  const TinyFile file;
  brim_model* model = nullptr;
  REQUIRE(brim_model_load(file.path.c_str(), nullptr, nullptr, nullptr, &model) == BRIM_OK);
  const auto first_tokens = [&](bool remove) {
    brim_session* session = nullptr;
    REQUIRE(brim_session_create(model, nullptr, &session) == BRIM_OK);
    REQUIRE(brim_session_set(session, "temperature", "0") == BRIM_OK);
    if (remove) {
      REQUIRE(brim_session_set(session, "logit_bias", "70+1000") == BRIM_OK);
      REQUIRE(brim_session_set(session, "stop", "C") == BRIM_OK);
      REQUIRE(brim_session_unset(session, "logit_bias") == BRIM_OK);
      REQUIRE(brim_session_unset(session, "stop") == BRIM_OK);
    }
    const int32_t prompt[] = {1, 70, 71};
    REQUIRE(brim_session_append_ids(session, prompt, 3) == BRIM_OK);
    std::vector<int32_t> ids;
    brim_piece piece{};
    piece.size = sizeof piece;
    while (ids.size() < 6 && brim_session_next(session, &piece) == BRIM_OK && piece.end == 0) ids.push_back(piece.id);
    brim_session_free(session);
    return ids;
  };
  CHECK(first_tokens(true) == first_tokens(false));
  brim_model_free(model);
}

TEST_CASE("an older caller's smaller struct is filled as far as it goes") {
  const TinyFile file;
  brim_model* model = nullptr;
  REQUIRE(brim_model_load(file.path.c_str(), nullptr, nullptr, nullptr, &model) == BRIM_OK);
  brim_model_info info;
  std::memset(&info, 0x5A, sizeof info);
  info.size = offsetof(brim_model_info, parameters);
  CHECK(brim_model_info_get(model, &info) == BRIM_OK);
  CHECK(info.parameters == 0x5A5A5A5A5A5A5A5A);
  CHECK(info.size == offsetof(brim_model_info, parameters));
  brim_model_free(model);
}

TEST_CASE("loading and reading stop when asked to") {
  const TinyFile file;
  brim_model* model = nullptr;
  const auto refuse = [](void*, std::int64_t, std::int64_t) { return 0; };
  CHECK(brim_model_load(file.path.c_str(), nullptr, refuse, nullptr, &model) == BRIM_CANCELLED);
  CHECK(model == nullptr);
  REQUIRE(brim_model_load(file.path.c_str(), nullptr, nullptr, nullptr, &model) == BRIM_OK);
  brim_session* session = nullptr;
  REQUIRE(brim_session_create(model, nullptr, &session) == BRIM_OK);
  const std::string text(400, 'a');
  brim_session_on_progress(session, refuse, nullptr);
  CHECK(brim_session_append(session, text.data(), text.size(), 1, 0) == BRIM_CANCELLED);
  brim_session_on_progress(session, nullptr, nullptr);
  std::thread other([&] { brim_session_cancel(session); });
  other.join();
  CHECK(brim_session_append(session, text.data(), text.size(), 1, 0) == BRIM_CANCELLED);
  CHECK(brim_session_append(session, text.data(), text.size(), 1, 0) == BRIM_OK);
  brim_session_free(session);
  brim_model_free(model);
}

TEST_CASE("tokenise says how much room it needs") {
  const TinyFile file;
  const brim::Model model = brim::Model::load(file.path);
  std::size_t count = 1;
  std::int32_t ids[1];
  CHECK(brim_tokenize(model.get(), "the dog", 7, 1, 0, ids, &count) == BRIM_INVALID_ARGUMENT);
  CHECK(count > 1);
  const auto all = model.tokenize("the dog", true, false);
  CHECK(all.size() == count);
  CHECK(all[0] == 1);
  // Room that is nowhere, and none that is needed.
  CHECK(brim_tokenize(model.get(), "the dog", 7, 1, 0, nullptr, &count) == BRIM_INVALID_ARGUMENT);
  CHECK(std::string(brim_last_error()) == "ids is NULL");
  std::size_t size = 64;
  CHECK(brim_detokenize(model.get(), all.data(), all.size(), 0, nullptr, &size) == BRIM_INVALID_ARGUMENT);
  CHECK(brim_tokenize(model.get(), "", 0, 0, 0, nullptr, &count) == BRIM_OK);
  CHECK(count == 0);
}

TEST_CASE("ids become text again, and logits are those the next token is picked by") {
  const TinyFile file;
  const brim::Model model = brim::Model::load(file.path);
  const auto ids = model.tokenize("the cat", false, false);
  CHECK(model.detokenize(ids) == "the cat");
  CHECK(model.detokenize({}).empty());
  std::size_t size = 1;
  CHECK(brim_detokenize(model.get(), ids.data(), ids.size(), 0, nullptr, &size) == BRIM_INVALID_ARGUMENT);
  CHECK(size == 7);
  brim::Session session(model, {{"kv.budget", "full"}, {"temperature", "0"}});
  const float* none = nullptr;
  std::size_t count = 0;
  CHECK(brim_session_logits(session.get(), &none, &count) == BRIM_WRONG_STATE);
  session.append(ids);
  const std::vector<float> logits = session.logits();
  CHECK(logits.size() == static_cast<std::size_t>(model.info().vocabulary));
  const auto argmax = std::max_element(logits.begin(), logits.end()) - logits.begin();
  CHECK(session.next().id == argmax);
}

TEST_CASE("a plan is made without loading, and is what loading and a session then take") {
  const TinyFile file;
  const brim::Options wishes{{"kv.budget", "50%"}, {"context", "128"}};
  const brim_plan plan = brim::plan(file.path, {{"threads", "2"}}, wishes);
  const brim::Model model = brim::Model::load(file.path, {{"threads", "2"}});
  const brim::Session session(model, wishes);
  CHECK(plan.weight_bytes == model.info().weight_bytes);
  CHECK(plan.kv_budget_bytes == session.stats().kv_budget_bytes);
  CHECK(plan.kv_full_bytes == session.stats().kv_full_bytes);
  CHECK(plan.scratch_bytes == session.stats().scratch_bytes);
  CHECK(plan.thread_bytes == 256 * 1024);  // one helper thread in addition to the caller
  CHECK(plan.total_bytes == plan.weight_bytes + plan.kv_budget_bytes + plan.scratch_bytes + plan.thread_bytes);
  CHECK(plan.context == 128);
  CHECK(plan.available_bytes > 0);
  CHECK_THROWS_AS(brim::plan("missing.gguf"), brim::Exception);
  CHECK_THROWS_AS(brim::plan(file.path, {}, {{"kv.budget", "1KiB"}}), brim::Exception);
  CHECK_THROWS_AS(brim::plan(file.path, {{"colour", "red"}}), brim::Exception);
}
