// From metadata to deepseek2's latent attention: sizes in newer and older files, temperature, and what is refused.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "engine/model/config.hpp"
#include "engine/model/layers/mixer.hpp"
#include "engine/model/rope.hpp"
#include "tests/support/reopened_gguf.hpp"

namespace brim::test::deepseek2_config {
namespace {

using Change = std::function<void(io::GgufWriter&)>;

Result<model::Config> configured(const Change& change = {}) {
  io::GgufWriter writer;
  writer.set_string("general.architecture", "deepseek2");
  writer.set_u32("deepseek2.context_length", 512);
  writer.set_u32("deepseek2.embedding_length", 64);
  writer.set_u32("deepseek2.block_count", 3);
  writer.set_u32("deepseek2.feed_forward_length", 96);
  writer.set_u32("deepseek2.attention.head_count", 4);
  writer.set_u32("deepseek2.attention.head_count_kv", 4);
  writer.set_u32("deepseek2.attention.kv_lora_rank", 32);
  writer.set_u32("deepseek2.attention.key_length", 28);
  writer.set_u32("deepseek2.attention.value_length", 20);
  writer.set_u32("deepseek2.rope.dimension_count", 16);
  if (change) change(writer);
  const std::int64_t shape[] = {1};
  for (int i = 0; i < 4; ++i) writer.add_tensor("t" + std::to_string(i), quant::Format::f32, shape);
  const auto opened = reopened_gguf(writer, std::vector<std::size_t>(4, sizeof(float)));
  REQUIRE(opened);
  return model::read_config(*opened);
}

void set_yarn(io::GgufWriter& writer) {
  writer.set_string("deepseek2.rope.scaling.type", "yarn");
  writer.set_f32("deepseek2.rope.scaling.factor", 8.0f);
  writer.set_u32("deepseek2.rope.scaling.original_context_length", 64);
}

void refused(const Change& change, const std::string& expected) {
  const auto config = configured(change);
  REQUIRE(!config);
  INFO(config.error().sentence);
  CHECK(config.error().sentence.find(expected) != std::string::npos);
}

}  // namespace

TEST_CASE("what is kept of a token is one latent vector with its rotated values, in newer and older files") {
  const auto newer = configured([](io::GgufWriter& writer) {
    writer.set_u32("deepseek2.attention.key_length", 48);
    writer.set_u32("deepseek2.attention.value_length", 32);
    writer.set_u32("deepseek2.attention.key_length_mla", 28);
    writer.set_u32("deepseek2.attention.value_length_mla", 20);
  });
  for (const auto& config : {newer, configured()}) {
    REQUIRE(config);
    CHECK(config->layers[1].mixer == &model::latent_attention_mixer());
    CHECK(config->layers[1].kv_heads == 1);
    CHECK(config->layers[1].key_size == 48);
    CHECK(config->layers[1].value_size == 32);
    CHECK(config->latent.plain_size == 12);
    CHECK(config->latent.value_size == 20);
    CHECK(config->rope.first == 32);
    CHECK(config->attention_scale == doctest::Approx(1 / std::sqrt(28.0)));
    const kv::Shape shape = model::kv_shape(*config, 512, kernels::KvType::f16);
    REQUIRE(shape.layers.size() == 3);
    CHECK(shape.layers[0].values_in_keys);
  }
}

TEST_CASE("with YaRN the temperature of attention changes, and not the magnitude of rotated values") {
  const auto config = configured([](io::GgufWriter& writer) {
    set_yarn(writer);
    writer.set_f32("deepseek2.rope.scaling.yarn_log_multiplier", 0.1f);
  });
  REQUIRE(config);
  const double factor = 1 + 0.1 * std::log(8.0);
  CHECK(config->attention_scale == doctest::Approx(factor * factor / std::sqrt(28.0)));
  CHECK(model::Rope(*config, {}, 512).global().magnitude == doctest::Approx(1.0));
  refused(set_yarn, "yarn_log_multiplier above 0");
}

TEST_CASE("a deepseek2 file without the sizes it needs is refused by its key") {
  refused([](io::GgufWriter& writer) { writer.set_u32("deepseek2.attention.kv_lora_rank", 0); }, "kv_lora_rank");
  refused([](io::GgufWriter& writer) { writer.set_u32("deepseek2.attention.key_length", 16); },
          "expected more than the 16 rotated values");
}

}  // namespace brim::test::deepseek2_config
