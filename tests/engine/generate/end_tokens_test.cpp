// What ends an answer: only tokens that the file names, and texts that are known to end one; never an id that is only a
// tokenizer's default.
#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/generate/session.hpp"
#include "tests/engine/generate/tiny.hpp"

using namespace brim;

namespace {

// The end of an answer to "a" in which every token is `id`, after at most four tokens, and its text.
struct Answer {
  generate::End end = generate::End::not_yet;
  std::string text;
};

Answer forced(const std::shared_ptr<const model::Model>& model, std::int32_t id) {
  generate::SessionOptions options;
  options.sampling.temperature = 0;
  options.sampling.logit_bias = {{id, 1e9f}};
  auto session = generate::Session::create(model, options);
  if (!session) FAIL(session.error().sentence);
  REQUIRE((*session)->append("a", {}));
  Answer answer;
  for (int i = 0; i < 4 && answer.end == generate::End::not_yet; ++i) {
    const auto piece = (*session)->next();
    if (!piece) FAIL(piece.error().sentence);
    answer.text += piece->text;
    answer.end = piece->end;
  }
  return answer;
}

std::shared_ptr<const model::Model> byte_pairs(const std::function<void(io::GgufWriter&)>& change = {}) {
  test::TinyModel shape;
  shape.byte_pairs = true;
  shape.change = change;
  return test::tiny_model(shape);
}

}  // namespace

TEST_CASE("a BPE file that names no special tokens: the comma, token 11, is text and is added nowhere") {
  const auto model = byte_pairs();
  const text::Vocabulary& vocabulary = model->tokenizer().vocabulary();
  CHECK(vocabulary.bos == -1);
  CHECK(vocabulary.eos == -1);
  CHECK(model->tokenizer().encode("b", {}).value() == std::vector<TokenId>{'b'});
  CHECK(model->tokenizer().encode(",", {}).value() == std::vector<TokenId>{11});
  CHECK_FALSE(model->tokenizer().ends_generation(11));
  const Answer answer = forced(model, 11);
  CHECK(answer.end == generate::End::not_yet);
  CHECK(answer.text == ",,,,");
}

TEST_CASE("ids that the file names end answers, the begin token among them") {
  const auto model = byte_pairs([](io::GgufWriter& writer) {
    writer.set_u32("tokenizer.ggml.eos_token_id", 'x');
    writer.set_u32("tokenizer.ggml.eot_token_id", 'y');
    writer.set_u32("tokenizer.ggml.eom_token_id", 'z');
    writer.set_u32("tokenizer.ggml.bos_token_id", 258);
  });
  for (const std::int32_t id : std::vector<std::int32_t>{'x', 'y', 'z', 258}) {
    INFO(id);
    CHECK(forced(model, id).end == generate::End::end_token);
  }
  CHECK(forced(model, 11).end == generate::End::not_yet);
  CHECK(model->tokenizer().encode("b", {}).value() == std::vector<TokenId>{258, 'b'});
}

TEST_CASE("an SPM file whose tokens 1 and 2 are words and that names no special tokens") {
  test::TinyModel shape;
  shape.change = [](io::GgufWriter& writer) {
    for (const char* key : {"bos_token_id", "eos_token_id", "add_bos_token"}) {
      writer.remove("tokenizer.ggml." + std::string(key));
    }
    std::vector<std::string> tokens{"<unk>", "one", "two"};
    std::vector<std::int32_t> types{2, 1, 1};
    for (int id = 3; id < 392; ++id) {
      tokens.push_back("t" + std::to_string(id));
      types.push_back(1);
    }
    writer.set_strings("tokenizer.ggml.tokens", tokens);
    writer.set_i32s("tokenizer.ggml.token_type", types);
    writer.remove("tokenizer.ggml.scores");
  };
  const auto model = test::tiny_model(shape);
  for (const std::int32_t id : {1, 2}) {
    INFO(id);
    CHECK_FALSE(model->tokenizer().ends_generation(id));
    CHECK(forced(model, id).end == generate::End::not_yet);
  }
}

TEST_CASE("a text that is known to end answers does, and becomes a control token") {
  const auto model = byte_pairs();
  const text::Tokenizer& tokenizer = model->tokenizer();
  CHECK(tokenizer.is_control(257));
  CHECK_FALSE(tokenizer.is_control('a'));
  CHECK(tokenizer.assumed_control() == std::vector<TokenId>{257});
  CHECK(tokenizer.piece(257, false).empty());
  CHECK(forced(model, 257).end == generate::End::end_token);
}
