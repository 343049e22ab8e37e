// From metadata to gemma4's layers: sizes by kind, whose entries they attend to, and what is refused.
#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "engine/model/config.hpp"
#include "tests/support/reopened_gguf.hpp"

namespace brim::test::gemma4_config {
namespace {

using Change = std::function<void(io::GgufWriter&)>;

Result<model::Config> configured(const Change& change = {}) {
  io::GgufWriter writer;
  writer.set_string("general.architecture", "gemma4");
  writer.set_u32("gemma4.context_length", 512);
  writer.set_u32("gemma4.embedding_length", 64);
  writer.set_u32("gemma4.block_count", 6);
  writer.set_u32("gemma4.feed_forward_length", 96);
  writer.set_u32("gemma4.attention.head_count", 4);
  writer.set_u32("gemma4.attention.head_count_kv", 2);
  writer.set_u32("gemma4.attention.key_length", 32);
  writer.set_u32("gemma4.attention.value_length", 32);
  writer.set_u32("gemma4.attention.key_length_swa", 16);
  writer.set_u32("gemma4.attention.value_length_swa", 16);
  writer.set_u32("gemma4.attention.sliding_window", 24);
  writer.set_i32s("gemma4.attention.sliding_window_pattern", std::vector<std::int32_t>{1, 1, 0, 1, 1, 0});
  writer.set_u32("gemma4.attention.shared_kv_layers", 2);
  if (change) change(writer);
  const std::int64_t shape[] = {1};
  for (int i = 0; i < 8; ++i) writer.add_tensor("t" + std::to_string(i), quant::Format::f32, shape);
  const auto opened = reopened_gguf(writer, std::vector<std::size_t>(8, sizeof(float)));
  REQUIRE(opened);
  return model::read_config(*opened);
}

void refused(const Change& change, const std::string& expected) {
  const auto config = configured(change);
  REQUIRE(!config);
  INFO(config.error().sentence);
  CHECK(config.error().sentence.find(expected) != std::string::npos);
}

}  // namespace

TEST_CASE("gemma4's layers have the sizes of their kind, and the last ones the entries of others") {
  const auto config = configured();
  REQUIRE(config);
  CHECK(config->layers[0].key_size == 16);
  CHECK(config->layers[0].window == 24);
  CHECK(config->layers[2].key_size == 32);
  CHECK(config->layers[2].window == 0);
  CHECK(config->rope.dimensions_of(false) == 32);
  CHECK(config->rope.dimensions_of(true) == 16);
  CHECK(config->rope.max_pairs() == 16);
  CHECK(config->attention_scale == 1.0f);
  CHECK(!config->layers[3].entries_of);
  CHECK(config->layers[4].entries_of == kv::LayerId{3});
  CHECK(config->layers[5].entries_of == kv::LayerId{2});
  const kv::Shape shape = model::kv_shape(*config, 512, kernels::KvType::f16);
  REQUIRE(shape.layers.size() == 4);
  CHECK(!shape.layers[1].held);
  CHECK(shape.layers[2].held);
  CHECK(shape.layers[3].held);
  CHECK(shape.place(kv::StreamId{3}).layer == kv::LayerId{3});
  CHECK(shape.layers[2].key_size == 32);
  CHECK(shape.layers[3].key_size == 16);
}

TEST_CASE("a gemma4 file whose layers cannot be computed is refused by its key") {
  refused([](io::GgufWriter& writer) { writer.set_u32("gemma4.attention.shared_kv_layers", 6); }, "shared_kv_layers");
  refused([](io::GgufWriter& writer) { writer.set_u32("gemma4.attention.shared_kv_layers", 4); },
          "before layer 2 none is of the kind of layer 2");
  refused([](io::GgufWriter& writer) { writer.set_u32("gemma4.attention.value_length_swa", 8); },
          "only the sizes of keys are supported");
  refused(
      [](io::GgufWriter& writer) {
        writer.set_i32s("gemma4.attention.head_count_kv", std::vector<std::int32_t>{2, 2, 2, 2, 1, 2});
      },
      "attends to the entries of layer 3");
  refused([](io::GgufWriter& writer) { writer.set_u32("gemma4.attention.sliding_window", 0); }, "sliding_window");
  refused([](io::GgufWriter& writer) { writer.set_u32("gemma4.rope.dimension_count_swa", 18); }, "dimension_count_swa");
}

}  // namespace brim::test::gemma4_config
