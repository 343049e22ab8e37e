// Scales of matrices (NAME.scale, as files in NVFP4 have them) multiply their products.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/engine/generate/tiny.hpp"

using namespace brim;

namespace {

std::vector<float> logits_with(const std::vector<std::pair<std::string, float>>& scales) {
  test::TinyModel tiny;
  for (const auto& [name, scale] : scales) tiny.further.push_back({name + ".scale", {1}, scale});
  const auto sequence = test::tiny_sequence(test::tiny_model(tiny), {.type = "f32"});
  test::read(*sequence, test::some_ids(40));
  return test::logits_of(*sequence);
}

}  // namespace

TEST_CASE("a matrix's scale multiplies its products: powers of two that cancel out change no bit") {
  const std::vector<float> plain = logits_with({});
  CHECK(logits_with({{"blk.1.attn_q", 0.5f}, {"blk.1.attn_k", 2.0f}}) == plain);
  CHECK(logits_with({{"blk.0.ffn_up", 4.0f}, {"blk.0.ffn_down", 0.25f}}) == plain);
  CHECK(logits_with({{"blk.2.attn_v", 2.0f}, {"blk.2.attn_output", 0.5f}}) == plain);
  for (const char* name : {"blk.1.attn_q", "blk.1.attn_k", "blk.0.ffn_up", "blk.0.ffn_down", "blk.2.attn_output"}) {
    CAPTURE(name);
    CHECK(logits_with({{name, 0.5f}}) != plain);
  }
}

TEST_CASE("the output's scale multiplies the logits, and one of a matrix that is not there is refused by name") {
  const auto logits = [](float scale) {
    test::TinyModel tiny;
    tiny.further = {{"output.weight", {64, 392}, 1, true}, {"output.scale", {1}, scale}};
    const auto sequence = test::tiny_sequence(test::tiny_model(tiny), {});
    test::read(*sequence, test::some_ids(20));
    return test::logits_of(*sequence);
  };
  std::vector<float> doubled = logits(1.0f);
  for (float& logit : doubled) logit *= 2;
  CHECK(logits(2.0f) == doubled);
  test::TinyModel tied;
  tied.further = {{"output.scale", {1}, 2.0f}};
  const test::TinyFile file(tied);
  const auto refused = model::Model::load(file.path, {});
  REQUIRE(!refused);
  CHECK(refused.error().sentence.find("output.scale") != std::string::npos);
}
