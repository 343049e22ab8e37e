// What a model's log callback receives, from which calls, and until when; and a session's state as an embedding.
#include <brim/brim.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "brim/brim.hpp"
#include "engine/io/gguf.hpp"
#include "engine/model/profile_file.hpp"
#include "tests/support/tiny_file.hpp"
#include "tests/support/tiny_recurrent.hpp"

namespace {

using brim::test::TinyFile;

TinyFile packed_file() {
  brim::test::TinyModel shape;
  shape.format = brim::quant::Format::q8_0;
  return TinyFile(shape);
}

using Lines = std::vector<std::string>;

brim::LogCallback into(Lines& lines) {
  return [&lines](brim_log_level, std::string_view line) { lines.emplace_back(line); };
}

bool heard(const Lines& lines, const char* part) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

}  // namespace

TEST_CASE("loading tells the instruction set and how the weights are kept") {
  const TinyFile file = packed_file();
  Lines lines;
  brim::Model::load(file.path, {{"threads", "2"}, {"weights", "file"}}, {}, into(lines));
  CHECK(heard(lines, brim_isa()));
  CHECK(heard(lines, "read in place"));
  const auto cache = std::filesystem::temp_directory_path() / ("brim-log-cache-" + std::to_string(::getpid()));
  ::setenv("XDG_CACHE_HOME", cache.c_str(), 1);
  Lines first, second, own;
  brim::Model::load(file.path, {{"weights", "shared"}}, {}, into(first));
  brim::Model::load(file.path, {{"weights", "shared"}}, {}, into(second));
  brim::Model::load(file.path, {}, {}, into(own));
  if (!heard(own, "read in place")) {  // where this machine's kernels need panels
    CHECK(heard(own, "repacked into memory"));
    CHECK(heard(first, "the next start finds them"));
    CHECK(heard(second, "by an earlier start"));
  }
  ::unsetenv("XDG_CACHE_HOME");
  std::filesystem::remove_all(cache);
}

TEST_CASE("a session says once that it begins to evict, and only to its own model's log") {
  const TinyFile file = packed_file();
  Lines lines, others;
  const brim::Model other = brim::Model::load(file.path, {}, {}, into(others));
  others.clear();
  const brim::Model model = brim::Model::load(file.path, {}, {}, into(lines));
  brim::Session session(model, {{"kv.budget", "30%"}});
  lines.clear();
  session.append("the cat");
  CHECK(lines.empty());
  session.append(std::string(400, 'a'));
  CHECK(session.stats().evicted > 0);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("evicts") != std::string::npos);
  session.append(std::string(400, 'b'));
  CHECK(lines.size() == 1);
  CHECK(others.empty());
}

TEST_CASE("a copy and a restored session say so to their model's log too") {
  const TinyFile file = packed_file();
  Lines lines;
  const brim::Model model = brim::Model::load(file.path, {}, {}, into(lines));
  brim::Session session(model, {{"kv.budget", "30%"}});
  session.append("the cat");
  session.save(file.folder.path + "/saved");
  brim::Session copy = session.fork();
  brim::Session restored = brim::Session::restore(model, file.folder.path + "/saved");
  for (brim::Session* each : {&copy, &restored}) {
    lines.clear();
    each->append(std::string(400, 'a'));
    CHECK(heard(lines, "evicts"));
  }
}

TEST_CASE("a text that is processed again as a whole for want of a checkpoint is a warning, once") {
  const TinyFile file(brim::test::tiny_recurrent("qwen35"));
  Lines lines;
  const brim::Model model = brim::Model::load(file.path, {}, {}, into(lines));
  const char* kTemplate =
      "{% for m in messages %}{{ m.content }};{% endfor %}{% if add_generation_prompt %}A{% endif %}";
  for (const char* checkpoints : {"1", "0"}) {
    const bool none = std::string(checkpoints) == "0";
    brim::Session session(model,
                          {{"kv.budget", "full"}, {"kv.checkpoints", checkpoints}, {"chat.template", kTemplate}});
    session.message("user", std::string(150, '7'));
    CHECK(session.describe().find(none ? ", 0 of 0 checkpoints" : ", 1 of 1 checkpoint") != std::string::npos);
    lines.clear();
    for (int round = 0; round < 2; ++round) {
      session.next();
      session.regenerate();
    }
    CHECK(lines.size() == (none ? 1 : 0));
    CHECK(heard(lines, "processed again from its beginning") == none);
  }
}

TEST_CASE("special ids that are not tokens' are warnings, one for each key") {
  brim::test::TinyModel shape;
  shape.change = [](brim::io::GgufWriter& writer) {
    writer.set_u32("tokenizer.ggml.eos_token_id", 99999);
    writer.set_i32("tokenizer.ggml.eot_token_id", -1);
    writer.set_u32("tokenizer.ggml.padding_token_id", 0);
  };
  const TinyFile file(shape);
  Lines warnings;
  brim::Model::load(file.path, {{"threads", "1"}}, {}, [&](brim_log_level level, std::string_view line) {
    if (level == BRIM_LOG_WARNING) warnings.emplace_back(line);
  });
  REQUIRE(warnings.size() == 2);
  CHECK(warnings[0].find("key 'tokenizer.ggml.eos_token_id' is 99999, expected a token id from 0 to 3") !=
        std::string::npos);
  CHECK(warnings[1].find("key 'tokenizer.ggml.eot_token_id' is -1, expected a token id from 0 to ") !=
        std::string::npos);
}

TEST_CASE("a profile that a model carries and that cannot be used is said once, when it is loaded") {
  brim::test::TinyModel shape;
  shape.change = [](brim::io::GgufWriter& writer) { writer.set_string("brim.kv.profile", "not a profile"); };
  const TinyFile file(shape);
  Lines lines;
  const brim::Model model = brim::Model::load(file.path, {}, {}, into(lines));
  const auto notices = [&] {
    return std::count_if(lines.begin(), lines.end(),
                         [](const std::string& line) { return line.find("without a profile") != std::string::npos; });
  };
  CHECK(notices() == 1);
  brim::Session first(model), second(model);
  first.append("the cat");
  first.save(file.folder.path + "/saved");
  brim::Session::restore(model, file.folder.path + "/saved");
  CHECK(notices() == 1);
  // New facts are reported: another split than the requested one.
  brim::Session split(model, {{"kv.split", "depth"}});
  CHECK(notices() == 1);
  CHECK(heard(lines, "the KV split depth needs a profile"));
}

TEST_CASE("a profile that is used otherwise than it was measured is a warning, once for each way") {
  const TinyFile plain;
  const auto measured = brim::io::Gguf::open(plain.path);
  REQUIRE(measured.ok());
  brim::model::ProfileFile profile;
  profile.fingerprint = *brim::model::fingerprint(*measured);
  profile.keep = "snapkv";
  profile.context = 256;
  for (const double loss : {0.0, 0.1, 0.2})
    profile.profile.layers.push_back({{0, loss, 2 * loss, 4 * loss, 8 * loss}, 1});
  brim::test::TinyModel shape;
  shape.change = [&](brim::io::GgufWriter& writer) {
    writer.set_string("brim.kv.profile", brim::model::to_json(profile));
  };
  const TinyFile file(shape);
  Lines warnings;
  const auto log = [&](brim_log_level level, std::string_view line) {
    if (level == BRIM_LOG_WARNING) warnings.emplace_back(line);
  };
  const brim::Model model = brim::Model::load(file.path, {}, {}, log);
  const brim::Options as_measured{{"kv.budget", "30%"}, {"context", "256"}, {"kv.keep", "snapkv"}};
  const brim::Options otherwise{{"kv.budget", "30%"}, {"context", "256"}};
  brim::Session fits(model, as_measured);
  CHECK(warnings.empty());
  brim::Session first(model, otherwise), second(model, otherwise);
  REQUIRE(warnings.size() == 1);
  CHECK(heard(warnings, "measured with kv.keep='snapkv' and is used with kv.keep='distinct'"));
  first.append("the cat");
  first.save(file.folder.path + "/saved");
  brim::Session::restore(model, file.folder.path + "/saved");
  brim::Session copy = first.fork();
  CHECK(warnings.size() == 1);
  brim::Session third(model, {{"kv.budget", "30%"}, {"context", "256"}, {"kv.keep", "tova"}});
  CHECK(warnings.size() == 2);
}

TEST_CASE("a profile of layers that are all alike is a warning once, and the budget is divided uniformly") {
  const TinyFile plain;
  const auto measured = brim::io::Gguf::open(plain.path);
  REQUIRE(measured.ok());
  brim::model::ProfileFile profile;
  profile.fingerprint = *brim::model::fingerprint(*measured);
  profile.keep = "distinct";
  profile.context = 256;
  profile.profile.layers.assign(3, {{0, 0.1, 0.2, 0.4, 0.8}, 1});
  brim::test::TinyModel shape;
  shape.change = [&](brim::io::GgufWriter& writer) {
    writer.set_string("brim.kv.profile", brim::model::to_json(profile));
  };
  const TinyFile file(shape);
  Lines warnings;
  const auto log = [&](brim_log_level level, std::string_view line) {
    if (level == BRIM_LOG_WARNING) warnings.emplace_back(line);
  };
  const brim::Model model = brim::Model::load(file.path, {}, {}, log);
  const brim::Options small{{"kv.budget", "30%"}, {"context", "256"}};
  brim::Session first(model, small), second(model, small);
  REQUIRE(warnings.size() == 1);
  CHECK(heard(warnings, "the KV budget is divided uniformly"));
  brim::Session uniform(model, {{"kv.budget", "30%"}, {"context", "256"}, {"kv.split", "uniform"}});
  for (int layer = 0; layer < 3; ++layer) CHECK(first.layer_stats(layer).quota == uniform.layer_stats(layer).quota);
  brim::Session whole(model, {{"kv.budget", "full"}, {"context", "256"}});
  brim::Session requested(model, {{"kv.budget", "30%"}, {"context", "256"}, {"kv.split", "depth"}});
  CHECK(warnings.size() == 1);
}

TEST_CASE("no log is called after its model was freed, whatever its sessions do") {
  const TinyFile file = packed_file();
  std::atomic<int> calls{0};
  brim_options* options = nullptr;
  brim_model* model = nullptr;
  REQUIRE(brim_options_create(&options) == BRIM_OK);
  REQUIRE(brim_options_on_log(
              options, [](void* user, brim_log_level, const char*) { ++*static_cast<std::atomic<int>*>(user); },
              &calls) == BRIM_OK);
  REQUIRE(brim_model_load(file.path.c_str(), options, nullptr, nullptr, &model) == BRIM_OK);
  CHECK(calls > 0);
  brim_options* small = nullptr;
  REQUIRE(brim_options_create(&small) == BRIM_OK);
  REQUIRE(brim_options_set(small, "kv.budget", "30%") == BRIM_OK);
  std::vector<brim_session*> sessions(4);
  for (brim_session*& session : sessions) REQUIRE(brim_session_create(model, small, &session) == BRIM_OK);
  // At the same time, two of the sessions make their last calls; the other two make them later.
  const std::string text(400, 'a');
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back(
        [&, i] { brim_session_append(sessions[static_cast<std::size_t>(i)], text.data(), text.size(), 1, 0); });
  }
  brim_model_free(model);
  const int heard = calls;
  for (std::thread& thread : threads) thread.join();
  for (int i = 2; i < 4; ++i) {
    CHECK(brim_session_append(sessions[static_cast<std::size_t>(i)], text.data(), text.size(), 1, 0) == BRIM_OK);
  }
  CHECK(calls == heard);
  for (brim_session* session : sessions) brim_session_free(session);
  brim_options_free(small);
  brim_options_free(options);
  CHECK(brim_options_on_log(nullptr, nullptr, nullptr) == BRIM_INVALID_ARGUMENT);
}

TEST_CASE("the embedding is what the logits are computed from") {
  const TinyFile source;  // F32: the output matrix can be read unchanged from the file
  const brim::Model model = brim::Model::load(source.path);
  brim::Session session(model, {{"kv.budget", "full"}, {"temperature", "0"}, {"stop.ignore_eos", "1"}});
  const float* none = nullptr;
  std::size_t count = 0;
  CHECK(brim_session_embedding(session.get(), &none, &count) == BRIM_WRONG_STATE);
  CHECK(brim_session_embedding(session.get(), nullptr, &count) == BRIM_INVALID_ARGUMENT);
  session.append("the cat was on the dog");
  const std::vector<float> state = session.embedding();
  CHECK(state.size() == 64);
  // Normalised with a weight of ones: the mean square is 1.
  double squares = 0;
  for (const float value : state) squares += static_cast<double>(value) * value;
  CHECK(squares / 64 == doctest::Approx(1).epsilon(1e-3));
  CHECK(session.embedding() == state);
  const std::vector<float> logits = session.logits();
  CHECK(session.embedding() == state);
  // With drafted tokens (the text repeats itself) the embedding is the state of the last accepted token, which equals
  // that of a session without drafts.
  brim::Session plain(model,
                      {{"kv.budget", "full"}, {"temperature", "0"}, {"stop.ignore_eos", "1"}, {"spec.type", "none"}});
  plain.append("the cat was on the dog");
  CHECK(plain.embedding() == state);
  for (int i = 0; i < 40; ++i) {
    CHECK(session.next().id == plain.next().id);
    CHECK(session.embedding() == plain.embedding());
  }
}

TEST_CASE("what a conversation does not keep of its messages is a warning") {
  const TinyFile file;
  Lines lines;
  const brim::Model model = brim::Model::load(file.path, {{"threads", "1"}}, {}, into(lines));
  brim::Session session(model);
  session.load_messages(R"([{"role": "user", "content": "a", "name": null}])");
  CHECK_FALSE(heard(lines, "left out"));
  session.load_messages(R"([{"role": "user", "content": "a", "name": "b", "tool_calls": []}])");
  CHECK(heard(lines, "left out: 'name', 'tool_calls'"));
}
