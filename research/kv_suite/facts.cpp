// See facts.hpp.
#include "research/kv_suite/facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "engine/base/splitmix64.hpp"

namespace brim::apps {

bool is_held_out(std::string_view kind) { return kind == "dial" || kind == "beside"; }

std::vector<std::string> long_words(const std::string& text) {
  std::set<std::string> words;
  std::string word;
  for (const char byte : text + " ") {
    if (std::isalpha(static_cast<unsigned char>(byte)) != 0) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(byte)));
      continue;
    }
    if (word.size() >= 4 && word.size() <= 9) words.insert(word);
    word.clear();
    if (words.size() > 5000) break;
  }
  return {words.begin(), words.end()};
}

std::string FactMaker::number() {
  for (;;) {
    std::string number = fmt::format("{}", 10000 + splitmix64(state_) % 90000);
    if (std::find(taken_.begin(), taken_.end(), number) != taken_.end()) continue;
    taken_.push_back(number);
    return number;
  }
}

std::string FactMaker::name() {
  for (;;) {
    const std::string& word = words_[splitmix64(state_) % words_.size()];
    if (std::find(taken_.begin(), taken_.end(), word) != taken_.end()) continue;
    taken_.push_back(word);
    return word;
  }
}

Fact FactMaker::make(std::string_view kind) {
  Fact fact;
  fact.kind = kind;
  const std::string key = name();
  if (kind == "code") {
    fact.answers = {number()};
    fact.needles = {fmt::format(" The code of the {} is {}.", key, fact.answers[0])};
    fact.question = fmt::format("What is the code of the {}?", key);
    fact.beginning = fmt::format(" The code of the {} is", key);
  } else if (kind == "dial") {
    fact.answers = {number()};
    fact.needles = {fmt::format(" To open the {}, dial {}.", key, fact.answers[0])};
    fact.question = fmt::format("Which number opens the {}?", key);
    fact.beginning = fmt::format(" The number that opens the {} is", key);
  } else if (kind == "codes") {
    fact.answers = {number(), number()};
    for (const std::string& value : fact.answers)
      fact.needles.push_back(fmt::format(" One of the codes of the {} is {}.", key, value));
    fact.question = fmt::format("What are the codes of the {}?", key);
    fact.beginning = fmt::format(" The codes of the {} are", key);
  } else if (kind == "variables") {
    fact.answers = {number()};
    const std::string last = name();
    fact.needles = {fmt::format(" Let {} be {}.", key, fact.answers[0]), fmt::format(" Let {} be {}.", last, key)};
    fact.question = fmt::format("What is {}?", last);
    fact.beginning = fmt::format(" The number that {} stands for is", last);
  } else if (kind == "belongs") {
    fact.answers = {name()};
    fact.needles = {fmt::format(" The {} belongs to the {}.", key, fact.answers[0])};
    fact.question = fmt::format("Who or what does the {} belong to?", key);
    fact.beginning = fmt::format(" The {} belongs to the", key);
  } else {
    fact.answers = {name()};
    fact.needles = {fmt::format(" Beside the {} stood the {}.", fact.answers[0], key)};
    fact.question = fmt::format("What did the {} stand beside?", key);
    fact.beginning = fmt::format(" The {} stood beside the", key);
  }
  return fact;
}

}  // namespace brim::apps
