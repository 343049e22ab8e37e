// What a saved session says about itself is not trusted: restoring opens no file that it names, reserves no memory that
// does not match it, and shows nothing unescaped in a sentence.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "brim/brim.hpp"
#include "engine/generate/session.hpp"
#include "engine/model/profile_file.hpp"
#include "tests/support/file_content.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/tiny_model.hpp"

using namespace brim;

namespace {

struct Folder : test::ScratchFolder {
  std::string model = path + "/model.gguf", file = path + "/session", profile = path + "/profile.json";
  Folder() { test::write_tiny_model(model, {}); }
};

/// Saves a session of 256 positions that stores the given settings about itself.
void save_saying(const Folder& folder, const generate::Settings& settings) {
  const auto model = model::Model::load(folder.model);
  REQUIRE(model.ok());
  generate::SessionOptions options;
  options.sequence.context = 256;
  const auto session = generate::Session::create(*model, options);
  REQUIRE(session.ok());
  REQUIRE((*session)->append("the cat", {}));
  REQUIRE((*session)->save(folder.file, settings));
}

std::pair<brim_status, std::string> restoring(const Folder& folder) {
  const Model model = Model::load(folder.model, {{"threads", "1"}});
  try {
    Session::restore(model, folder.file);
  } catch (const Exception& thrown) {
    return {thrown.status(), thrown.what()};
  }
  return {BRIM_OK, ""};
}

/// A profile of the tiny model's three layers, of which the first needs its entries most.
void write_profile(const Folder& folder) {
  const auto model = io::Gguf::open(folder.model);
  REQUIRE(model.ok());
  model::ProfileFile file;
  file.model_name = "tiny";
  file.architecture = "llama";
  file.fingerprint = *model::fingerprint(*model);
  file.keep = "window";
  for (int layer = 0; layer < 3; ++layer) {
    kv::LayerProfile& losses = file.profile.layers.emplace_back();
    for (std::size_t i = 1; i < losses.loss.size(); ++i)
      losses.loss[i] = layer == 0 ? 4.0 * static_cast<double>(i) : 0.01;
    losses.prunable = 1 + layer;
  }
  std::ofstream(folder.profile) << model::to_json(file);
}

}  // namespace

TEST_CASE("a session whose profile's file is gone is restored with the plan it had") {
  const Folder folder;
  write_profile(folder);
  const Model model = Model::load(folder.model, {{"threads", "1"}});
  Session session(
      model, {{"context", "256"}, {"kv.budget", "40%"}, {"kv.split", "depth"}, {"kv.profile", folder.profile.c_str()}});
  session.append("the cat");
  session.save(folder.file);
  std::filesystem::remove(folder.profile);
  CHECK(test::file_content(folder.file).find(folder.profile) == std::string::npos);
  Session restored = Session::restore(model, folder.file);
  CHECK(restored.describe() == session.describe());
  CHECK(restored.layer_stats(0).quota == session.layer_stats(0).quota);
  Session copy = restored.fork();
  copy.save(folder.file + "2");
  CHECK(Session::restore(model, folder.file + "2").describe() == session.describe());
}

TEST_CASE("a session restored with another profile is saved with that one, or with none where it cannot be used") {
  const Folder folder;
  write_profile(folder);
  const Model model = Model::load(folder.model, {{"threads", "1"}});
  const auto holds = [&](const std::string& file, const char* text) {
    return test::file_content(file).find(text) != std::string::npos;
  };
  // A plan that is the same for every profile: full.
  Session session(model, {{"context", "256"}, {"kv.budget", "full"}, {"kv.profile", folder.profile.c_str()}});
  session.append("the cat");
  session.save(folder.file);
  CHECK(holds(folder.file, "kv.profile.text"));
  std::string other = test::file_content(folder.profile);
  const std::size_t at = other.find("\"window\"");
  REQUIRE(at != std::string::npos);
  other.insert(at, "  ");  // the same profile as a different text
  std::ofstream(folder.path + "/other.json") << other;
  Session::restore(model, folder.file, {{"kv.profile", (folder.path + "/other.json").c_str()}}).save(folder.file + "2");
  CHECK(holds(folder.file + "2", other.c_str()));
  CHECK(!holds(folder.file + "2", test::file_content(folder.profile).c_str()));
  std::ofstream(folder.path + "/none.json") << "not a profile";
  Session::restore(model, folder.file, {{"kv.profile", (folder.path + "/none.json").c_str()}}).save(folder.file + "3");
  CHECK(!holds(folder.file + "3", "kv.profile.text"));
}

TEST_CASE("of an option that was given several times the last value is the one that is compared when restoring") {
  const Folder folder;
  const Model model = Model::load(folder.model, {{"threads", "1"}});
  Session session(
      model,
      {{"temperature", "0.25"}, {"limit", "5"}, {"temperature", "0.5"}, {"stop", "a"}, {"stop", "b"}, {"limit", "7"}});
  CHECK(session.option("temperature") == std::vector<std::string>{"0.5"});
  session.append("the cat");
  session.save(folder.file);
  Session same = Session::restore(model, folder.file, {{"temperature", "0.5"}, {"stop", "b"}});
  CHECK(same.option("temperature") == std::vector<std::string>{"0.5"});
  CHECK(same.option("stop") == std::vector<std::string>{"a", "b"});
  Session other =
      Session::restore(model, folder.file, {{"temperature", "0.5"}, {"temperature", "0.25"}, {"limit", "5"}});
  CHECK(other.option("temperature") == std::vector<std::string>{"0.25"});
  int tokens = 0;
  while (other.next().end == Session::End::not_yet) ++tokens;
  CHECK(tokens <= 5);
  // A file that contains both, as earlier versions wrote it.
  save_saying(folder, {{"context", "256"}, {"temperature", "0.25"}, {"temperature", "0.5"}});
  CHECK(Session::restore(model, folder.file, {{"temperature", "0.25"}}).option("temperature") ==
        std::vector<std::string>{"0.25"});
}

TEST_CASE("however many values an option has, the session is saved and restored, also with other ones") {
  const Folder folder;
  const Model model = Model::load(folder.model, {{"threads", "1"}});
  constexpr int kValues = 5000;
  Options first, second;
  for (int i = 0; i < kValues; ++i) {
    first.set("stop", "first " + std::to_string(i));
    second.set("stop", "second " + std::to_string(i % (kValues / 2)));
  }
  Session session(model, first);
  session.append("the cat");
  session.save(folder.file);
  const Session restored = Session::restore(model, folder.file, second);
  const std::vector<std::string> stops = restored.option("stop");
  REQUIRE(stops.size() == kValues + kValues / 2);  // the same value again changes nothing
  CHECK(stops.back() == "second " + std::to_string(kValues / 2 - 1));
}

TEST_CASE("a saved session that names a file is refused, and the file is not looked at") {
  const Folder folder;
  std::ofstream(folder.path + "/secret.json") << R"({"brim_kv_profile": "SECRET"})";
  for (const std::string& named :
       {folder.path + "/secret.json", std::string("/nowhere/there"), std::string("/root"), std::string("/dev/zero")}) {
    save_saying(folder, {{"context", "256"}, {"kv.profile", named}});
    const auto [status, sentence] = restoring(folder);
    CHECK(status == BRIM_BAD_FILE);
    CHECK(sentence.find(folder.file + " cannot be restored: it names a file, '" + named) == 0);
    CHECK(sentence.find("SECRET") == std::string::npos);
  }
  save_saying(folder, {{"context", "256"}, {"kv.profile.text", R"({"brim_kv_profile": 99})"}});
  CHECK(restoring(folder).first == BRIM_BAD_FILE);
}

TEST_CASE("a saved session with a policy that the library does not have is refused, and the sentence says who has it") {
  const Folder folder;
  save_saying(folder, {{"context", "256"}, {"kv.split", "cake"}});
  CHECK(restoring(folder) ==
        std::pair<brim_status, std::string>(
            BRIM_INVALID_ARGUMENT,
            folder.file + " cannot be restored: option kv.split: expected auto|uniform|depth|joint|zigzag, "
                          "found 'cake', a research policy that brim eval alone can use"));
  save_saying(folder, {{"context", "256"}, {"kv.keep", "h2o"}});
  CHECK(restoring(folder).second.ends_with(
      "found 'h2o', a research policy that brim eval and brim calibrate alone can use"));
}

TEST_CASE("memory that a saved session does not go with is refused before it is booked") {
  const Folder folder;
  for (const generate::Settings& settings : {generate::Settings{{"context", "2147483647"}, {"kv.budget", "full"}},
                                             generate::Settings{{"context", "1048576"}, {"kv.budget", "8GiB"}},
                                             generate::Settings{{"context", "256"}, {"kv.budget", "30%"}}}) {
    save_saying(folder, settings);
    const auto [status, said] = restoring(folder);
    const std::string& sentence = said;  // lambdas cannot capture structured bindings everywhere
    CAPTURE(sentence);
    CHECK(status == BRIM_BAD_FILE);
    CHECK(sentence.find("cannot be restored: KV memory, ") != std::string::npos);
  }
}

TEST_CASE("what a saved session says is shown without control characters") {
  const Folder folder;
  const std::string escape = "\x1b]0;owned\x07\x1b[2J";
  for (const auto& setting : {std::pair<std::string, std::string>(escape, "1"),
                              {"temperature", escape},
                              {"kv.profile", escape},
                              {"kv.split", escape},
                              {"chat.template", escape + std::string(1000, 'x')},
                              {"kv.budget", escape},
                              {"stop.ignore_eos", escape + std::string(1000, 'x')}}) {
    save_saying(folder, {{"context", "256"}, setting});
    const auto [status, sentence] = restoring(folder);
    CAPTURE(setting.first);
    CHECK(status != BRIM_OK);
    CHECK(sentence.find_first_of("\x1b\x07") == std::string::npos);
    CHECK(sentence.size() < 600);
  }
}
