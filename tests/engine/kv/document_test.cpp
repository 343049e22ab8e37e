// Where a text is cut: at the delimiters of prose, code, chats and of scripts without spaces, if one is near enough;
// and what is learned about the cuts.
#include "engine/kv/document.hpp"

#include <doctest/doctest.h>

#include <numeric>
#include <string>
#include <vector>

#include "engine/kv/blocks.hpp"
#include "tests/support/random.hpp"

using brim::kv::Delimiter;
using brim::kv::Document;
using brim::kv::DocumentMemory;
using brim::kv::LearnedDelimiter;

namespace {

// Ids are characters here: '.' is the end of a sentence, and so on; capital letters begin words.
std::vector<std::uint8_t> character_classes() {
  std::vector<std::uint8_t> classes(128, 0);
  const std::pair<char, Delimiter> kinds[] = {
      {'_', Delimiter::space}, {',', Delimiter::clause}, {';', Delimiter::statement}, {'.', Delimiter::sentence},
      {'|', Delimiter::line},  {'}', Delimiter::brace},  {'#', Delimiter::paragraph}, {'@', Delimiter::turn}};
  for (const auto& [character, kind] : kinds)
    classes[static_cast<std::size_t>(character)] = static_cast<std::uint8_t>(kind);
  for (char c = 'A'; c <= 'Z'; ++c) classes[static_cast<std::size_t>(c)] = brim::kv::kBeginsWord;
  return classes;
}

/// A document with its own memory, for chunks of 64 tokens.
class Text {
 public:
  explicit Text(int block_size) : classes_(character_classes()) {
    DocumentMemory memory;
    memory.token_count = DocumentMemory::tokens(64);
    memory.cut_count = DocumentMemory::cuts(64, block_size);
    ids_.resize(static_cast<std::size_t>(memory.token_count));
    cuts_.resize(static_cast<std::size_t>(memory.cut_count));
    learned_.resize(brim::kv::kLearnedDelimiters);
    memory.token_ids = ids_.data();
    memory.cut_places = cuts_.data();
    memory.learned = learned_.data();
    document = Document(memory, block_size, classes_);
  }
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;

  /// Processes further text; returns the places where the text was cut.
  std::vector<std::int64_t> read(const std::string& text) {
    std::vector<std::int64_t> places;
    for (const char character : text) {
      const std::int32_t id = character;
      document.write(tokens, 1, {&id, 1});
      document.advance(++tokens);
      for (std::int64_t i = 0; i < document.fresh_cuts(); ++i) places.push_back(document.fresh_cut(i));
    }
    return places;
  }

  Document document;
  std::int64_t tokens = 0;

 private:
  std::vector<std::uint8_t> classes_;
  std::vector<std::int32_t> ids_;
  std::vector<std::int64_t> cuts_;
  std::vector<LearnedDelimiter> learned_;
};

/// The first block that a text is cut into, with blocks of 16 (Δ = 6).
std::string first_block(const std::string& text) {
  Text cutter(16);
  const auto places = cutter.read(text + std::string(40, 'x'));
  return places.empty() ? "" : text.substr(0, static_cast<std::size_t>(places.front()));
}

}  // namespace

TEST_CASE("prose: a sentence's end beats a clause's, a clause's a word's, a near one a far one") {
  CHECK(first_block("one_two_three,four_five.six_seven_eight_nine") == "one_two_three,");  // the full stop is 8 away
  CHECK(first_block("one_two_three,four.five_six_seven_eight") == "one_two_three,four.");
  CHECK(first_block("one_two_threefourfive_six_seven") == "one_two_threefourfive_");
  CHECK(first_block("oneTwoThreeFourFiveSixSevenEight") == "oneTwoThreeFour");  // words without a space between
  CHECK(first_block("one_two.thr#e_four_five_six_seven_eight") == "one_two.thr#");
}

TEST_CASE("nothing near: the ideal end") {
  CHECK(first_block("abcdefghijklmnopqrstuvwxyzabcdefghijkl") == "abcdefghijklmnop");
}

TEST_CASE("code: braces beat lines, lines statements' ends; an empty line is two lines") {
  CHECK(first_block("a=b;cd=ef;gh=ij;|}kl=mn;op=qr;") == "a=b;cd=ef;gh=ij;|}");
  CHECK(first_block("a=bb,cc=dd;ee=ff|gg=hh;ii=jj;kk") == "a=bb,cc=dd;ee=ff|");
  CHECK(first_block("abcd|efg||hijklm|nopqrst|uvw|xyz") == "abcd|efg||hijklm|");
  CHECK(first_block("abcd|efghij||klmno|pqrst|uvw|xyz") == "abcd|efghij||");
}

TEST_CASE("chat: the end of a turn beats everything as near") {
  CHECK(first_block("hello.how_are.@you#fine_thanks.and.you") == "hello.how_are.@");
}

TEST_CASE("blocks are as long as allowed, whatever the text, and the same however it is cut into chunks") {
  std::string text;
  brim::test::Random random(3);
  for (int i = 0; i < 3000; ++i) text += "abcdefgh_,.;|#XY"[random.pick(0, 15)];
  for (const int size : {8, 16, 64}) {
    Text one(size), many(size);
    const auto places = one.read(text);
    REQUIRE(places.size() > 40);
    for (std::size_t i = 0; i < places.size(); ++i) {
      const std::int64_t length = places[i] - (i == 0 ? 0 : places[i - 1]);
      CHECK((length >= size - brim::kv::cut_reach(size) && length <= size + brim::kv::cut_reach(size)));
    }
    std::vector<std::int64_t> together;
    for (std::int64_t first = 0; first < 3000;) {
      const std::int64_t n = std::min<std::int64_t>(3000 - first, 1 + first % 64);
      std::vector<std::int32_t> ids(text.begin() + first, text.begin() + first + n);
      many.document.write(first, n, ids);
      many.document.advance(first += n);
      for (std::int64_t i = 0; i < many.document.fresh_cuts(); ++i) together.push_back(many.document.fresh_cut(i));
    }
    CHECK(together == places);
  }
}

TEST_CASE("going back: cuts decided later are dropped, and another text is cut again") {
  const std::string text = "one_two_three,four_five.six_seven_eight_nine,ten.eleven_twelve_thirteen.fourteen";
  for (std::int64_t count = 1; count < 70; ++count) {
    Text long_one(16), short_one(16);
    long_one.read(text);
    short_one.read(text.substr(0, static_cast<std::size_t>(count)));
    REQUIRE(long_one.document.can_go_back(count));
    REQUIRE(long_one.document.go_back(count));
    CHECK(long_one.document.open() == short_one.document.open());
    long_one.tokens = count;
    const std::string other = "a.bc_def,ghij.klmno_pqrstu.vwxyz_abc,def.gh";
    CHECK(long_one.read(other) == short_one.read(other));
  }
  Text text_of_old(16);
  for (int i = 0; i < 40; ++i) text_of_old.read(text);
  CHECK(!text_of_old.document.go_back(100));  // those ids are no longer stored
  CHECK(text_of_old.document.go_back(text_of_old.tokens - 500));
}

TEST_CASE("learned: what future queries attend to near makes a delimiter, what they attend to far unmakes it") {
  Text text(16);
  const std::string part = "abcdefghijklmn,opqrs";  // 20
  for (int i = 0; i < 3; ++i) text.read(part);
  const std::int64_t after_clause = 55;  // the last comma is at 54
  REQUIRE(text.document.delimiter_before(after_clause) == Delimiter::clause);
  const float prior = text.document.weight_before(after_clause);
  CHECK(prior == brim::kv::kPriorWeights[static_cast<std::size_t>(Delimiter::clause)]);
  std::vector<std::int64_t> index(60);
  std::iota(index.begin(), index.end(), 0);
  std::vector<float> sums(60);
  const auto learn = [&](std::int64_t from, std::int64_t end) {
    std::vector<float> accumulated(60, 0.0f);
    for (std::int64_t i = from; i < end; ++i) accumulated[static_cast<std::size_t>(i)] = 1;
    text.document.learn(index, accumulated, 5, 4, 1.0f, sums);
  };
  learn(40, 55);
  CHECK(text.document.weight_before(after_clause) == prior);  // from one kind alone nothing can be learned
  text.read("abcdefgh.jklmno_qrst");
  // After commas, attention goes to near tokens; after full stops, it goes to distant ones.
  index.resize(80);
  std::iota(index.begin(), index.end(), 0);
  sums.resize(80);
  for (int i = 0; i < 20; ++i) {
    std::vector<float> accumulated(80, 0.0f);
    accumulated[10] = 3;
    text.document.learn(index, accumulated, 8, 4, 1.0f, sums);
  }
  CHECK(text.document.weight_before(after_clause) > prior);
  const std::int64_t after_sentence = 69;
  REQUIRE(text.document.delimiter_before(after_sentence) == Delimiter::sentence);
  CHECK(text.document.weight_before(after_sentence) <
        brim::kv::kPriorWeights[static_cast<std::size_t>(Delimiter::sentence)]);
  text.document.clear();
  text.tokens = 0;
  text.read(part);
  CHECK(text.document.weight_before(15) == prior);
}

TEST_CASE("sinks say nothing, and a text of a thousand different delimiters overflows nothing") {
  std::vector<std::uint8_t> classes(5000, static_cast<std::uint8_t>(Delimiter::clause));
  std::vector<std::int32_t> ids(DocumentMemory::tokens(64));
  std::vector<std::int64_t> cuts(static_cast<std::size_t>(DocumentMemory::cuts(64, 8))), index;
  std::vector<LearnedDelimiter> learned(brim::kv::kLearnedDelimiters);
  DocumentMemory memory{ids.data(), cuts.data(), learned.data(), static_cast<std::int64_t>(ids.size()),
                        static_cast<std::int64_t>(cuts.size())};
  Document document(memory, 8, classes);
  std::vector<float> accumulated, sums;
  for (std::int32_t id = 0; id < 1000; ++id) {
    document.write(id, 1, {&id, 1});
    document.advance(id + 1);
    index.push_back(id);
    accumulated.push_back(id < 4 ? 100.0f : 0.0f);
    sums.push_back(0);
    document.learn(index, accumulated, 1, 4, 1.0f, sums);
  }
  int used = 0;
  for (const LearnedDelimiter& place : learned) {
    used += place.key != 0;
    CHECK(place.sum == 0);
  }
  CHECK(used == brim::kv::kLearnedDelimiters * 3 / 4);
}

TEST_CASE("a restored document knows what the saved one had learned, and cuts the same text at the same places") {
  Text first(16), second(16);
  std::string prose;
  for (int i = 0; i < 30; ++i) prose += "abc,def.ghi|jkl;mn";
  first.read(prose);
  std::vector<std::int64_t> index(static_cast<std::size_t>(first.tokens));
  std::iota(index.begin(), index.end(), 0);
  std::vector<float> accumulated(index.size()), sums(index.size());
  for (std::size_t i = 0; i < accumulated.size(); ++i) accumulated[i] = static_cast<float>(1 + i * i % 37);
  for (std::int64_t queries = 8; queries < 40; queries += 5)
    first.document.learn(index, accumulated, queries, 4, 1.0f, sums);
  brim::StateWriter state;
  first.document.save(state);
  brim::StateReader source("a state", state.parts());
  REQUIRE(second.document.restore(source, first.tokens));
  second.tokens = first.tokens;
  int learned = 0;
  for (std::int64_t place = first.tokens - 60; place < first.tokens; ++place) {
    CHECK(second.document.weight_before(place) == first.document.weight_before(place));
    const auto kind = static_cast<std::size_t>(first.document.delimiter_before(place));
    learned += kind > 0 && first.document.weight_before(place) != brim::kv::kPriorWeights[kind] ? 1 : 0;
  }
  CHECK(learned > 0);
  CHECK(first.read(prose) == second.read(prose));
}
