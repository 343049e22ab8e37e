// What a saved session says about itself is not trusted: it names no file that restoring would open, books no memory that it
// does not go with, and shows nothing raw in a sentence.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "brim/brim.hpp"
#include "engine/generate/session.hpp"
#include "engine/model/profile_file.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/tiny_model.hpp"

using namespace brim;

namespace {

struct Folder : test::ScratchFolder {
  std::string model = path + "/model.gguf", file = path + "/session", profile = path + "/profile.json";
  Folder() { test::write_tiny_model(model, {}); }
};

std::string content(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

/// A session of 256 positions that says of itself what it is told to.
void save_saying(const Folder& folder, const generate::Settings& settings) {
  const auto model = model::Model::load(folder.model);
  REQUIRE(model.ok());
  generate::SessionOptions options;
  options.reader.context = 256;
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
    for (std::size_t i = 1; i < losses.loss.size(); ++i) losses.loss[i] = layer == 0 ? 4.0 * static_cast<double>(i) : 0.01;
    losses.prunable = 1 + layer;
  }
  std::ofstream(folder.profile) << model::to_json(file);
}

}  // namespace

TEST_CASE("a session whose profile's file is gone is restored with the plan it had") {
  const Folder folder;
  write_profile(folder);
  const Model model = Model::load(folder.model, {{"threads", "1"}});
  Session session(model, {{"context", "256"}, {"kv.budget", "40%"}, {"kv.split", "depth"}, {"kv.profile", folder.profile.c_str()}});
  session.append("the cat");
  session.save(folder.file);
  std::filesystem::remove(folder.profile);
  CHECK(content(folder.file).find(folder.profile) == std::string::npos);
  Session restored = Session::restore(model, folder.file);
  CHECK(restored.describe() == session.describe());
  CHECK(restored.layer_stats(0).quota == session.layer_stats(0).quota);
  Session copy = restored.fork();
  copy.save(folder.file + "2");
  CHECK(Session::restore(model, folder.file + "2").describe() == session.describe());
}

TEST_CASE("a saved session that names a file is refused, and the file is not looked at") {
  const Folder folder;
  std::ofstream(folder.path + "/secret.json") << R"({"brim_kv_profile": "SECRET"})";
  for (const std::string& named : {folder.path + "/secret.json", std::string("/nowhere/there"), std::string("/root"), std::string("/dev/zero")}) {
    save_saying(folder, {{"context", "256"}, {"kv.profile", named}});
    const auto [status, sentence] = restoring(folder);
    CHECK(status == BRIM_BAD_FILE);
    CHECK(sentence.find(folder.file + " cannot be restored: it names a file, '" + named) == 0);
    CHECK(sentence.find("SECRET") == std::string::npos);
  }
  save_saying(folder, {{"context", "256"}, {"kv.profile.text", R"({"brim_kv_profile": 99})"}});
  CHECK(restoring(folder).first == BRIM_BAD_FILE);
}

TEST_CASE("memory that a saved session does not go with is refused before it is booked") {
  const Folder folder;
  for (const generate::Settings& settings :
       {generate::Settings{{"context", "2147483647"}, {"kv.budget", "full"}}, generate::Settings{{"context", "1048576"}, {"kv.budget", "8GiB"}},
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
  for (const auto& setting : {std::pair<std::string, std::string>(escape, "1"), {"temperature", escape}, {"kv.profile", escape},
                              {"kv.split", escape}, {"chat.template", escape + std::string(1000, 'x')}, {"kv.budget", escape}, {"stop.ignore_eos", escape + std::string(1000, 'x')}}) {
    save_saying(folder, {{"context", "256"}, setting});
    const auto [status, sentence] = restoring(folder);
    CAPTURE(setting.first);
    CHECK(status != BRIM_OK);
    CHECK(sentence.find_first_of("\x1b\x07") == std::string::npos);
    CHECK(sentence.size() < 600);
  }
}
