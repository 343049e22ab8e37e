// The tokenizers compared with llama.cpp's recorded results on real vocabularies: ids, and the bytes that they decode
// to.
#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "engine/io/gguf.hpp"
#include "engine/model/vocabulary.hpp"
#include "engine/text/tokenizer.hpp"
#include "tests/support/file_content.hpp"
#include "tests/support/sha256.hpp"
#include "tests/support/shared_data.hpp"

namespace {

using brim::TokenId;
using brim::test::file_content;
using brim::test::shared_file;
using Ids = std::vector<TokenId>;
using Json = nlohmann::json;

// By their place in the shared folder.
constexpr const char* kVocabularies[] = {
    "golden/tokenizer/qwen2",          "golden/tokenizer/llama-spm",   "golden/tokenizer/gpt-2",
    "golden/tokenizer/deepseek-coder", "golden/tokenizer/falcon",      "golden/tokenizer/smollm2",
    "golden2/tokenizer/deepseek-llm",  "golden2/tokenizer/gpt-neox",   "golden2/tokenizer/mpt",
    "golden2/tokenizer/refact",        "golden2/tokenizer/gemma-4-cut"};

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

std::string joined(const Ids& ids) {
  std::ostringstream text;
  for (std::size_t i = 0; i < ids.size() && i < 60; ++i) text << ids[i] << ' ';
  if (ids.size() > 60) text << "… (" << ids.size() << ")";
  return text.str();
}

brim::text::Tokenizer open_tokenizer(const std::string& path) {
  auto gguf = brim::io::Gguf::open(path);
  REQUIRE_MESSAGE(gguf.ok(), (gguf.ok() ? "" : gguf.error().sentence));
  auto vocabulary = brim::model::read_vocabulary(*gguf);
  REQUIRE_MESSAGE(vocabulary.ok(), (vocabulary.ok() ? "" : vocabulary.error().sentence));
  auto tokenizer = brim::text::Tokenizer::create(std::move(*vocabulary));
  REQUIRE_MESSAGE(tokenizer.ok(), (tokenizer.ok() ? "" : tokenizer.error().sentence));
  return std::move(tokenizer).value();
}

std::vector<std::string> split_lines(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = text.find(separator, begin);
    parts.push_back(text.substr(begin, end - begin));
    if (end == std::string::npos) return parts;
    begin = end + separator.size();
  }
}

std::string text_of(const Json& entry) {
  if (entry.contains("text_hex")) return from_hex(entry["text_hex"]);
  if (entry.contains("repeat")) {
    std::string text = entry["prefix"];
    for (int i = 0; i < entry["count"].get<int>(); ++i) text += entry["repeat"].get<std::string>();
    return text;
  }
  if (entry.contains("file")) {
    const std::string path = shared_file("texts/" + entry["file"].get<std::string>());
    return path.empty() ? "" : file_content(path).substr(entry["byte_offset"], entry["byte_len"]);
  }
  return entry["text"];
}

void check_ids(const Json& entry, const Ids& ids) {
  if (entry.contains("ids")) {
    const Ids expected = entry["ids"];
    CHECK_MESSAGE(ids == expected, "expected " << joined(expected) << "\nfound " << joined(ids));
    return;
  }
  CHECK(ids.size() == entry["n_ids"].get<std::size_t>());
  std::vector<std::byte> bytes;
  for (const TokenId id : ids) {
    for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<std::byte>(id >> shift & 0xFF));
  }
  CHECK_MESSAGE(brim::test::sha256_hex(bytes) == entry["ids_sha256"].get<std::string>(), "found " << joined(ids));
}

TEST_CASE("SHA-256 of the standard's example") {
  const std::string text = "abc";
  CHECK(brim::test::sha256_hex(std::as_bytes(std::span(text))) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("llama.cpp's own pairs of text and ids") {
  for (const std::string name : kVocabularies) {
    CAPTURE(name);
    const std::string input = shared_file(name + ".inp"), output = shared_file(name + ".out");
    const std::string file = shared_file(name + ".gguf");
    if (input.empty() || output.empty() || file.empty()) return;
    const auto tokenizer = open_tokenizer(file);
    const auto texts = split_lines(file_content(input), "\n__ggml_vocab_test__\n");
    auto lines = split_lines(file_content(output), "\n");
    REQUIRE(lines.size() >= texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      CAPTURE(texts[i]);
      Ids expected;
      std::istringstream numbers(lines[i]);
      for (TokenId id; numbers >> id;) expected.push_back(id);
      const auto ids = tokenizer.encode(texts[i], {.add_special = false, .parse_special = false});
      REQUIRE(ids.ok());
      CHECK_MESSAGE(*ids == expected, "expected " << joined(expected) << "\nfound " << joined(*ids));
    }
  }
}

TEST_CASE("hard cases: ids and the bytes they decode to") {
  for (const std::string name : kVocabularies) {
    CAPTURE(name);
    const std::string path = shared_file(name + ".hard.jsonl"), file = shared_file(name + ".gguf");
    if (path.empty() || file.empty()) return;
    const auto tokenizer = open_tokenizer(file);
    std::ifstream cases(path);
    int count = 0;
    for (std::string line; std::getline(cases, line); ++count) {
      const Json entry = Json::parse(line);
      CAPTURE(line.substr(0, 300));
      const std::string text = text_of(entry);
      const auto ids =
          tokenizer.encode(text, {.add_special = entry["add_special"], .parse_special = entry["parse_special"]});
      REQUIRE(ids.ok());
      check_ids(entry, *ids);
      if (!entry.contains("ids")) continue;  // long cases record no decoding
      const std::string expected = entry.contains("detok_hex") ? from_hex(entry["detok_hex"]) : text;
      const std::string decoded = tokenizer.decode(*ids, true);
      const bool same = decoded == expected;  // outside the check, whose report would contain both whole texts
      CHECK_MESSAGE(same, "expected " << expected.substr(0, 200) << "\nfound " << decoded.substr(0, 200));
    }
    CHECK(count >= (name.ends_with("gemma-4-cut") ? 150 : 250));
  }
}

}  // namespace
