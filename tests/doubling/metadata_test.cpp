// What model files contain besides weights: keys, tensors, vocabularies, profiles.
#include <string>

#include "engine/io/gguf.hpp"
#include "engine/model/profile_file.hpp"
#include "engine/model/vocabulary.hpp"
#include "engine/text/tokenizer.hpp"
#include "tests/doubling/chosen_keys.hpp"
#include "tests/doubling/steps.hpp"
#include "tests/engine/io/raw_gguf.hpp"
#include "tests/engine/text/tiny_vocabularies.hpp"

namespace {

using namespace brim;
using test::check_doubling;
using test::raw;
using test::raw_string;

std::string strings(const std::vector<std::string>& texts) {
  std::string value = raw(std::uint32_t{8}) + raw(std::uint64_t{texts.size()});
  for (const std::string& text : texts) value += raw_string(text);
  return value;
}

struct File {
  const char* name;
  test::RawGguf (*make)(std::size_t n);
};

test::RawGguf with_keys(const std::vector<std::string>& names) {
  test::RawGguf file;
  for (const std::string& name : names) file.key(name, 4, raw(std::uint32_t{1}));
  return file;
}

test::RawGguf with_tensors(const std::vector<std::string>& names) {
  test::RawGguf file;
  for (const std::string& name : names) {
    file.tensors.push_back({name, {8}, 0, file.data.size()});
    file.data.append(32, '\0');
  }
  return file;
}

const File kFiles[] = {
    {"keys", [](std::size_t n) { return with_keys(test::plain_keys(n)); }},
    {"keys that were chosen", [](std::size_t n) { return with_keys(test::chosen_keys(n)); }},
    {"one key again and again", [](std::size_t n) { return with_keys(std::vector<std::string>(n, "a")); }},
    {"tensors", [](std::size_t n) { return with_tensors(test::plain_keys(n)); }},
    {"tensors that were chosen", [](std::size_t n) { return with_tensors(test::chosen_keys(n)); }},
    {"one tensor again and again", [](std::size_t n) { return with_tensors(std::vector<std::string>(n, "a")); }},
    {"tensors of a long common name",
     [](std::size_t n) {
       auto names = test::plain_keys(n / 32);
       for (std::string& name : names) name = std::string(32, 'x') + name;
       return with_tensors(names);
     }},
    {"an array of texts",
     [](std::size_t n) {
       test::RawGguf file;
       file.key("a", 9, strings(test::plain_keys(n)));
       return file;
     }},
    {"an array of numbers",
     [](std::size_t n) {
       test::RawGguf file;
       file.key("a", 9, raw(std::uint32_t{4}) + raw(std::uint64_t{n}) + std::string(4 * n, '\1'));
       return file;
     }},
    {"arrays in an array",
     [](std::size_t n) {
       test::RawGguf file;
       std::string value = raw(std::uint32_t{9}) + raw(std::uint64_t{n});
       for (std::size_t i = 0; i < n; ++i) value += raw(std::uint32_t{0}) + raw(std::uint64_t{1}) + '\1';
       file.key("a", 9, value);
       return file;
     }},
    {"arrays inside each other",
     [](std::size_t n) {
       test::RawGguf file;
       std::string value;
       for (std::size_t i = 0; i < n; ++i) value += raw(std::uint32_t{9}) + raw(std::uint64_t{1});
       file.key("a", 9, value);
       return file;
     }},
    {"a long text",
     [](std::size_t n) {
       test::RawGguf file;
       file.key("a", 8, raw_string(std::string(64 * n, 'a')));
       return file;
     }},
};

struct Words {
  const char* name;
  text::Vocabulary (*make)(std::size_t n);
};

text::Vocabulary of_tokens(const std::vector<std::string>& tokens, text::TokenType type) {
  text::Vocabulary vocabulary = test::spm_vocabulary({});
  for (const std::string& token : tokens) test::add_token(vocabulary, token, type);
  return vocabulary;
}

text::Vocabulary of_merges(std::size_t n, std::string (*left)(std::size_t), std::string (*right)(std::size_t)) {
  text::Vocabulary vocabulary = test::bpe_vocabulary("gpt-2", {});
  for (std::size_t i = 0; i < n; ++i) vocabulary.merges.push_back(left(i) + " " + right(i));
  return vocabulary;
}

std::string as_number(std::size_t i) { return std::to_string(i); }

const Words kVocabularies[] = {
    {"tokens", [](std::size_t n) { return of_tokens(test::plain_keys(n), text::TokenType::normal); }},
    {"tokens that were chosen", [](std::size_t n) { return of_tokens(test::chosen_keys(n), text::TokenType::normal); }},
    {"control tokens", [](std::size_t n) { return of_tokens(test::plain_keys(n), text::TokenType::control); }},
    {"control tokens that were chosen",
     [](std::size_t n) { return of_tokens(test::chosen_keys(n), text::TokenType::control); }},
    {"one token again and again",
     [](std::size_t n) { return of_tokens(std::vector<std::string>(n, "a"), text::TokenType::user_defined); }},
    {"a long token", [](std::size_t n) { return of_tokens({std::string(16 * n, 'a')}, text::TokenType::control); }},
    {"merges", [](std::size_t n) { return of_merges(n, as_number, as_number); }},
    {"merges of one left",
     [](std::size_t n) {
       return of_merges(
           n, [](std::size_t) { return std::string("a"); }, as_number);
     }},
    {"merges of one right",
     [](std::size_t n) { return of_merges(n, as_number, [](std::size_t) { return std::string("a"); }); }},
    {"merges of chosen texts",
     [](std::size_t n) {
       return of_merges(
           n, [](std::size_t i) { return test::chosen_keys(i + 1).back(); }, as_number);
     }},
};

}  // namespace

TEST_CASE("GGUF metadata") {
  for (const File& file : kFiles) {
    check_doubling(file.name, 2000, [&](std::size_t n) -> std::function<void()> {
      return [bytes = file.make(n).bytes()] {
        const auto gguf = io::Gguf::parse(test::as_bytes(bytes), "model.gguf");
        if (!gguf) return;
        for (const auto& entry : gguf->metadata()) static_cast<void>(gguf->find(entry.key));
        for (const auto& tensor : gguf->tensors()) static_cast<void>(gguf->tensor(tensor.name));
        static_cast<void>(model::read_vocabulary(*gguf));
      };
    });
  }
}

TEST_CASE("vocabularies") {
  for (const Words& words : kVocabularies) {
    check_doubling(words.name, 3000, [&](std::size_t n) -> std::function<void()> {
      return [vocabulary = words.make(n)] { static_cast<void>(text::Tokenizer::create(vocabulary)); };
    });
  }
}

TEST_CASE("profiles") {
  struct Profile {
    const char* name;
    std::string (*make)(std::size_t n);
  };
  const Profile kinds[] = {
      {"layers",
       [](std::size_t n) {
         std::string json = R"({"brim_kv_profile": 1, "model": {}, "measured": {}, "fractions": [], "layers": [)";
         for (std::size_t i = 0; i < n; ++i)
           json += std::string(i == 0 ? "" : ",") + R"({"loss": [1, 2, 3], "prunable": 0.5})";
         return json + "]}";
       }},
      {"members",
       [](std::size_t n) {
         std::string json = R"({"layers": [{)";
         for (const std::string& key : test::chosen_keys(n)) json += "\"" + key + "\": [1], ";
         return json + "\"loss\": []}]}";
       }},
  };
  for (const Profile& kind : kinds) {
    check_doubling(kind.name, 3000, [&](std::size_t n) -> std::function<void()> {
      return [json = kind.make(n)] { static_cast<void>(model::parse_profile(json, "profile.json")); };
    });
  }
}
