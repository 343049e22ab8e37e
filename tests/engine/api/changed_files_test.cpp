// Files that another program changes while Brim uses them: with private weights a loaded model no longer needs its
// file, and a session belongs to the model as it was loaded.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include "brim/brim.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/tiny_model.hpp"

using namespace brim;

namespace {

struct Folder : test::ScratchFolder {
  std::string model = path + "/model.gguf", other = path + "/other.gguf", file = path + "/session";
  Folder() {
    test::write_tiny_model(model, {});
    test::TinyModel shape;
    shape.seed = 2;
    test::write_tiny_model(other, shape);
  }
};

const Options kOptions{
    {"context", "256"}, {"kv.budget", "full"}, {"temperature", "0"}, {"chat.template", "chatml"}, {"limit", "8"}};

std::string answer(Session& session) {
  session.message("user", "the cat");
  std::string text;
  for (int i = 0; i < 8; ++i) text += session.next().text;
  return text;
}

void overwrite(const std::string& path, const std::string& with) {
  std::ifstream from(with, std::ios::binary);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << from.rdbuf();
}

/// Every way in which a file can be changed.
std::vector<std::pair<std::string, std::function<void(const Folder&)>>> changes() {
  return {{"emptied", [](const Folder& folder) { std::filesystem::resize_file(folder.model, 0); }},
          {"halved",
           [](const Folder& folder) {
             std::filesystem::resize_file(folder.model, std::filesystem::file_size(folder.model) / 2);
           }},
          {"written over", [](const Folder& folder) { overwrite(folder.model, folder.other); }},
          {"removed", [](const Folder& folder) { std::filesystem::remove(folder.model); }},
          {"replaced", [](const Folder& folder) { std::filesystem::rename(folder.other, folder.model); }}};
}

}  // namespace

TEST_CASE("private weights: whatever becomes of the model's file, answers and saved sessions stay as they were") {
  for (const auto& [what, change] : changes()) {
    const std::string named(what);
    CAPTURE(named);
    const Folder folder;
    std::filesystem::copy_file(folder.model, folder.path + "/kept.gguf");
    const Model model = Model::load(folder.model, {{"threads", "1"}, {"weights", "private"}});
    Session session(model, kOptions), same(model, kOptions);
    const std::string first = answer(session);
    CHECK(answer(same) == first);
    const std::string second = answer(same);
    change(folder);
    CHECK(answer(session) == second);
    CHECK(model.info().layers == 3);
    Session fresh(model, kOptions);
    CHECK(answer(fresh) == first);
    session.save(folder.file);
    CHECK(Session::restore(model, folder.file).stats().tokens == session.stats().tokens);
    // The session belongs to the model that was loaded, not to what the file contains now.
    const Model kept = Model::load(folder.path + "/kept.gguf", {{"threads", "1"}});
    CHECK(Session::restore(kept, folder.file).stats().tokens == session.stats().tokens);
  }
}

TEST_CASE("nothing of the model's file is mapped with private weights") {
  const Folder folder;
  const Model model = Model::load(folder.model, {{"threads", "1"}, {"weights", "private"}});
  std::ifstream maps("/proc/self/maps");
  if (!maps) {
    MESSAGE("skipped: no /proc/self/maps");
    return;
  }
  const std::string all{std::istreambuf_iterator<char>(maps), std::istreambuf_iterator<char>()};
  CHECK(all.find(folder.model) == std::string::npos);
}

TEST_CASE("a model's file that is cut off or written over while it is loaded is an error") {
  for (const bool cut : {true, false}) {
    const Folder folder;
    bool changed = false;
    const auto change = [&](std::int64_t, std::int64_t) {
      if (!changed && cut) std::filesystem::resize_file(folder.model, 1000);
      if (!changed && !cut) {
        overwrite(folder.model, folder.other);
        std::filesystem::last_write_time(folder.model,
                                         std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
      }
      changed = true;
      return true;
    };
    try {
      Model::load(folder.model, {{"threads", "1"}, {"weights", "private"}}, change);
      FAIL("it was loaded");
    } catch (const Exception& thrown) {
      CHECK(thrown.status() == BRIM_IO);
      const std::string sentence = thrown.what();
      CAPTURE(sentence);
      CHECK((sentence.find("while it was being read") != std::string::npos));
    }
  }
}

TEST_CASE("a session's file that is cut off while it is read is an error") {
  const Folder folder;
  const Model model = Model::load(folder.model, {{"threads", "1"}});
  Session session(model, kOptions);
  session.append("the cat");
  session.save(folder.file);
  for (const double part : {0.0, 0.3, 0.9}) {
    const std::string copy = folder.file + "2";
    std::filesystem::copy_file(folder.file, copy, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(
        copy, static_cast<std::uintmax_t>(part * static_cast<double>(std::filesystem::file_size(copy))));
    try {
      Session::restore(model, copy);
      FAIL("it was restored");
    } catch (const Exception& thrown) {
      CHECK(thrown.status() == BRIM_BAD_FILE);
    }
  }
}
