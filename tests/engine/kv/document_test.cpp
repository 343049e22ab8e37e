// Where a text is cut: at the delimiters of prose, code, chats and of scripts without spaces, if one is near enough;
// and what is learned about the cuts.
#include "engine/kv/document.hpp"

#include <doctest/doctest.h>

#include <numeric>
#include <string>
#include <vector>

#include "engine/kv/blocks.hpp"
#include "tests/support/random.hpp"

using brim::kv::Cutting;
using brim::kv::Delimiter;
using brim::kv::DelimiterMemory;
using brim::kv::DelimiterObservation;
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
  explicit Text(int block_size, Cutting cutting = Cutting::learned) : classes_(character_classes()) {
    DocumentMemory memory;
    memory.token_count = DocumentMemory::tokens(64);
    memory.cut_count = DocumentMemory::cuts(64, block_size);
    ids_.resize(static_cast<std::size_t>(memory.token_count));
    cuts_.resize(static_cast<std::size_t>(memory.cut_count));
    memory.token_ids = ids_.data();
    memory.cut_places = cuts_.data();
    if (cutting == Cutting::learned) {
      learned_.resize(brim::kv::kLearnedDelimiters);
      observations_.resize(static_cast<std::size_t>(DelimiterMemory::observations_of(memory.token_count)));
      memory.delimiters = {learned_.data(), observations_.data(), static_cast<std::int64_t>(observations_.size())};
    }
    document = Document(memory, {block_size, cutting, 1}, classes_);
  }
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;

  /// Processes further text; returns the places where the text was cut.
  std::vector<std::int64_t> read(const std::string& text) {
    std::vector<std::int64_t> places;
    for (const char character : text) {
      const std::int32_t id = character;
      document.write(tokens, 1, {&id, 1});
      document.cut_behind(++tokens);
      for (std::int64_t i = 0; i < document.fresh_cuts(); ++i) places.push_back(document.fresh_cut(i));
    }
    return places;
  }

  /// A chunk whose cuts and observations are left to the caller.
  void write(const std::string& text) {
    const std::vector<std::int32_t> ids(text.begin(), text.end());
    document.write(tokens, static_cast<std::int64_t>(ids.size()), ids);
    tokens += static_cast<std::int64_t>(ids.size());
  }
  /// The only stream's attention from the token at `query`: 1 to each of the entries [from, end).
  void learn(std::int64_t query, std::int64_t from, std::int64_t end) {
    std::vector<std::int64_t> index(static_cast<std::size_t>(tokens));
    std::iota(index.begin(), index.end(), 0);
    std::vector<float> attention(index.size(), 0.0f), sums(index.size());
    for (std::int64_t i = from; i < end; ++i) attention[static_cast<std::size_t>(i)] = 1;
    document.learn(query, index, attention, 4, sums);
  }

  Document document;
  std::int64_t tokens = 0;

 private:
  std::vector<std::uint8_t> classes_;
  std::vector<std::int32_t> ids_;
  std::vector<std::int64_t> cuts_;
  std::vector<LearnedDelimiter> learned_;
  std::vector<DelimiterObservation> observations_;
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

TEST_CASE("a block is cut once its future window was processed, and not a token earlier") {
  for (const int size : {8, 16, 64}) {
    const std::int64_t known = brim::kv::known_before_cut(size);
    CHECK(known == 2 * size + brim::kv::cut_reach(size) + 1);
    Text text(size);
    CHECK(text.read(std::string(static_cast<std::size_t>(known - 1), 'x')).empty());
    CHECK(text.read("x") == std::vector<std::int64_t>{size});
    CHECK(text.read(std::string(static_cast<std::size_t>(size - 1), 'x')).empty());
    CHECK(text.read("x") == std::vector<std::int64_t>{2 * size});
    // The open block never becomes more than four.
    CHECK(brim::kv::max_cuts_of_open(size) == 4);
  }
}

TEST_CASE("by kind alone nothing is learned, and fixed blocks are cut without regard to the text") {
  const std::string text = "one_two_three,four_five.six_seven_eight_nine,ten.eleven_twelve_thirteen.fourteen_and_more";
  Text learned(16), priors(16, Cutting::priors), fixed(16, Cutting::fixed);
  CHECK(priors.read(text) == learned.read(text));
  CHECK(!priors.document.observes(31));
  CHECK(learned.document.observes(31));
  CHECK(!learned.document.observes(30));
  CHECK(fixed.read(text) == std::vector<std::int64_t>{16, 32, 48, 64});
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
      many.document.cut_behind(first += n);
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
  std::string text(96, 'x');
  text[54] = ',';  // in the block size of tokens up to the observed query 63
  text[88] = '.';  // and up to 95
  const float clause = brim::kv::kPriorWeights[static_cast<std::size_t>(Delimiter::clause)],
              sentence = brim::kv::kPriorWeights[static_cast<std::size_t>(Delimiter::sentence)];
  Text one(16), both(16);
  for (Text* each : {&one, &both}) each->write(text);
  REQUIRE(both.document.delimiter_before(55) == Delimiter::clause);
  REQUIRE(both.document.delimiter_before(89) == Delimiter::sentence);
  for (Text* each : {&one, &both}) each->learn(63, 40, 55);  // all is near: s = 1
  both.learn(95, 10, 13);                                    // all is distant: s = -1
  CHECK(both.document.weight_before(55) == clause);          // it takes effect when the chunk ends
  for (Text* each : {&one, &both}) each->document.cut_behind(96);
  CHECK(one.document.weight_before(55) == clause);  // from one kind alone nothing can be learned
  // One query sees 32/16 of an occurrence; the spread of 1 and -1 is 1.
  CHECK(both.document.weight_before(55) == doctest::Approx(double{clause} + 0.15 * 2 / (2 + 4)));
  CHECK(both.document.weight_before(89) == doctest::Approx(double{sentence} - 0.15 * 2 / (2 + 4)));
  // Going back takes away what the dropped queries taught.
  REQUIRE(both.document.go_back(96));
  CHECK(both.document.weight_before(55) > clause);
  REQUIRE(both.document.go_back(95));
  CHECK(both.document.weight_before(55) == clause);
  both.document.clear();
  both.tokens = 0;
  both.write(text);
  CHECK(both.document.weight_before(55) == clause);
}

TEST_CASE("a cut is decided by what its own future window taught, and by nothing later") {
  // The first block may end at places 10 to 22, ideally 16, and is decided by the queries before token 39.
  std::string text(64, 'x');
  text[16] = text[50] = ',';
  text[20] = text[56] = ';';
  const auto first_cut = [&](std::int64_t query, bool ahead) {
    Text cutter(16);
    cutter.write(text);
    // Attention to the tokens between a comma and a semicolon is near for the semicolon alone.
    if (query == 31) cutter.learn(query, 17, 21);
    if (query == 63) cutter.learn(query, 51, 57);
    if (ahead) {
      cutter.document.cut_ahead(64);
    } else {
      cutter.document.cut_behind(64);
    }
    REQUIRE(cutter.document.fresh_cuts() == 2);
    return cutter.document.fresh_cut(0);
  };
  CHECK(first_cut(-1, false) == 17);  // .25 - .2 / 6 of the comma against .35 - .2 * 5 / 6
  CHECK(first_cut(31, false) == 21);  // .05 less, and .05 more
  CHECK(first_cut(63, false) == 17);  // too late
  CHECK(first_cut(31, true) == 17);   // decided before the chunk's attention is known
}

TEST_CASE("sinks say nothing, and a text of thousands of different delimiters overflows nothing") {
  std::vector<std::uint8_t> classes(5000, static_cast<std::uint8_t>(Delimiter::clause));
  std::vector<std::int32_t> ids(DocumentMemory::tokens(64));
  std::vector<std::int64_t> cuts(static_cast<std::size_t>(DocumentMemory::cuts(64, 8))), index;
  std::vector<LearnedDelimiter> learned(brim::kv::kLearnedDelimiters);
  std::vector<DelimiterObservation> observations(static_cast<std::size_t>(DelimiterMemory::observations_of(1088)));
  DocumentMemory memory{ids.data(),
                        cuts.data(),
                        static_cast<std::int64_t>(ids.size()),
                        static_cast<std::int64_t>(cuts.size()),
                        {learned.data(), observations.data(), static_cast<std::int64_t>(observations.size())}};
  Document document(memory, {8, Cutting::learned, 1}, classes);
  std::vector<float> attention, sums;
  for (std::int32_t id = 0; id < 3000; ++id) {
    document.write(id, 1, {&id, 1});
    index.push_back(id);
    attention.push_back(id < 4 ? 100.0f : 0.0f);
    sums.push_back(0);
    if (document.observes(id)) document.learn(id, index, attention, 4, sums);
    document.cut_behind(id + 1);
  }
  int used = 0;
  for (const LearnedDelimiter& place : learned) {
    used += place.key != 0;
    CHECK(place.sum == 0);
  }
  CHECK(used == brim::kv::kMaxLearnedDelimiters);
}

TEST_CASE("a restored document knows what the saved one had learned, and cuts the same text at the same places") {
  Text first(16), second(16);
  std::string prose;
  for (int i = 0; i < 30; ++i) prose += "abc,def.ghi|jkl;mn";
  const auto teach = [](Text& text, std::int64_t from) {
    for (std::int64_t query = from; query < text.tokens; ++query) {
      if (text.document.observes(query)) text.learn(query, query * 7 % 11, query - query % 9);
    }
    text.document.cut_behind(text.tokens);
  };
  first.write(prose);
  teach(first, 0);
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
  // What was learned before the state was saved is taken back too.
  for (Text* each : {&first, &second}) REQUIRE(each->document.go_back(400));
  for (std::int64_t place = 340; place < 400; ++place) {
    CHECK(second.document.weight_before(place) == first.document.weight_before(place));
  }
}
