// Whatever text of a caller or a file is quoted in a sentence or a line of the log: the output is one line of UTF-8
// that a terminal can show unchanged.
#include <doctest/doctest.h>
#include <brim/brim.hpp>

#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/api/option_table.hpp"
#include "engine/base/quote.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/tiny_model.hpp"

namespace {

// Escape sequences of seven and eight bits, line breaks of three kinds, marks that change the direction, bytes that are
// not UTF-8.
const std::string kHostile =
    "\x1b[2J\n\r\x7f\xc2\x9b"
    "31m\xe2\x80\xa8\xe2\x80\xae\xe2\x81\xa6\xd8\x9c\xff";

std::string sentence_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const brim::Exception& failure) {
    return failure.what();
  }
  return "";
}

void check(std::string_view sentence) {
  CAPTURE(sentence);
  CHECK(brim::one_line(std::string(sentence)) == sentence);
}

// Refused, with a part of the hostile text shown.
void check_refused(const std::function<void()>& work) {
  const std::string sentence = sentence_of(work);
  check(sentence);
  CAPTURE(sentence);
  CHECK(sentence.find("\\x1b") != std::string::npos);
}

struct Folder : brim::test::ScratchFolder {
  std::string model = path + "/model.gguf";
  Folder() { brim::test::write_tiny_model(model, {}); }
  std::string changed(const std::function<void(brim::io::GgufWriter&)>& change) const {
    brim::test::TinyModel shape;
    shape.change = change;
    brim::test::write_tiny_model(path + "/changed.gguf", shape);
    return path + "/changed.gguf";
  }
};

}  // namespace

TEST_CASE("options, roles, templates, messages") {
  const Folder folder;
  const brim::Model model = brim::Model::load(folder.model, {{"threads", "1"}});
  brim::Session session(model, {{"chat.template", "chatml"}});
  check_refused([&] { session.set(kHostile, "1"); });
  check_refused([&] { session.unset(kHostile); });
  check_refused([&] { brim::Session(model, {{kHostile.c_str(), "1"}}); });
  check_refused([&] { brim::Model::load(folder.model, {{kHostile.c_str(), "1"}}); });
  check_refused([&] { session.message(kHostile, "text"); });
  for (const brim::api::OptionLine& line : brim::api::option_table()) {
    const std::string key(line.key);
    CAPTURE(key);
    if (line.scope == brim::api::OptionScope::model) {
      check_refused([&] { brim::Model::load(folder.model, {{key.c_str(), kHostile.c_str()}}); });
    } else if (line.scope == brim::api::OptionScope::creation) {
      check_refused([&] { brim::Session(model, {{key.c_str(), kHostile.c_str()}}); });
    } else if (line.type != brim::api::OptionType::text) {
      check_refused([&] { session.set(key, kHostile); });
    }
  }
  check_refused([&] { brim::Session(model, {{"chat.template", ("{% " + kHostile + " %}").c_str()}}); });
  check_refused([&] {
    brim::Session(model, {{"chat.template", ("{% set a = '" + kHostile + "' %}{{ x|" + kHostile + " }}").c_str()}});
  });
  brim::Session raising(model, {{"chat.template", "{{ raise_exception(messages[0].content) }}"}});
  check_refused([&] { raising.message("user", kHostile); });
  brim::Session unknown(model, {{"chat.template", "{{ 'a'[messages[0].content] }}{{ messages[0].content + 1 }}"}});
  check(sentence_of([&] { unknown.message("user", kHostile); }));
  check(sentence_of([&] { session.load_messages("[{\"role\": \"" + kHostile + "\", \"content\": \"\"}]"); }));
  check(sentence_of([&] { session.load_messages("[{\"role\": \"\\u001b[2J\", \"content\": \"\"}]"); }));
}

TEST_CASE("paths") {
  const Folder folder;
  const brim::Model model = brim::Model::load(folder.model, {{"threads", "1"}});
  brim::Session session(model);
  const std::string path = folder.path + "/" + kHostile;
  check_refused([&] { brim::Model::load(path); });
  check_refused([&] { brim::plan(path); });
  check_refused([&] { brim::Session::restore(model, path); });
  check_refused([&] { session.save(path + "/none"); });
  std::ofstream(path) << "not a model, nor a session";
  check_refused([&] { brim::Model::load(path); });
  check_refused([&] { brim::Session::restore(model, path); });
  check_refused([&] { brim::Session(model, {{"kv.split", "depth"}, {"kv.profile", (path + "x").c_str()}}); });
}

TEST_CASE("what a model's file says: keys, their values, names of tensors") {
  const Folder folder;
  const std::string values[] = {kHostile, kHostile + std::string(5000, 'x')};
  for (const std::string& value : values) {
    for (const char* key :
         {"general.architecture", "general.type", "tokenizer.ggml.model", "tokenizer.ggml.pre",
          "llama.rope.scaling.type", "llama.embedding_length", "llama.context_length", "tokenizer.ggml.bos_token_id"}) {
      CAPTURE(key);
      check(sentence_of(
          [&] { brim::Model::load(folder.changed([&](brim::io::GgufWriter& w) { w.set_string(key, value); })); }));
    }
  }
  check_refused([&] {
    brim::Model::load(folder.changed([](brim::io::GgufWriter& w) { w.set_string("general.architecture", kHostile); }));
  });
  check_refused([&] {
    brim::Model::load(
        folder.changed([](brim::io::GgufWriter& w) { w.set_string("llama.rope.scaling.type", kHostile); }));
  });
  check(sentence_of([&] {
    brim::test::TinyModel shape;
    shape.further = {{kHostile, {32}}};
    brim::test::write_tiny_model(folder.model, shape);
    brim::Model::load(folder.model);
  }));
}

TEST_CASE("the log, with a path, a name, a key and a profile from elsewhere") {
  const Folder folder;
  const std::string path = folder.path + "/" + kHostile + ".gguf";
  brim::test::TinyModel shape;
  shape.change = [](brim::io::GgufWriter& w) {
    w.set_string("llama." + kHostile, kHostile);
    w.set_string("general.name", kHostile);
    w.set_u32("tokenizer.ggml.eos_token_id", 99999);
    w.set_string("brim.kv.profile", "{\"brim_kv_profile\": \"" + kHostile + "\"}");
  };
  brim::test::write_tiny_model(path, shape);
  std::vector<std::string> lines;
  const auto log = [&](brim_log_level, std::string_view line) { lines.emplace_back(line); };
  for (const char* weights : {"private", "file"}) {
    brim::Model model = brim::Model::load(path, {{"threads", "1"}, {"weights", weights}}, {}, log);
    brim::Session session(model, {{"kv.budget", "30%"}, {"kv.split", "depth"}});
    session.append(std::string(400, 'a'));
  }
  CHECK(lines.size() > 8);
  int with_path = 0;
  for (const std::string& line : lines) {
    check(line);
    with_path += line.find("\\x1b[2J") != std::string::npos ? 1 : 0;
  }
  CHECK(with_path >= 4);
}
