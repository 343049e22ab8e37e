// From metadata to layers that keep a state of fixed size: which layers they are, their sizes, and what is refused.
#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "engine/model/config.hpp"
#include "engine/model/layers/mixer.hpp"
#include "tests/support/reopened_gguf.hpp"

using namespace brim;
using model::Config;

namespace {

using Change = std::function<void(io::GgufWriter&, const std::string& prefix)>;

/// A file of `architecture` with four layers, and sizes for every kind of state.
Result<Config> configured(const std::string& architecture, const Change& change = {}) {
  const std::string prefix = architecture + ".";
  io::GgufWriter writer;
  writer.set_string("general.architecture", architecture);
  writer.set_u32(prefix + "context_length", 512);
  writer.set_u32(prefix + "embedding_length", 64);
  writer.set_u32(prefix + "block_count", 4);
  writer.set_u32(prefix + "feed_forward_length", 96);
  writer.set_u32(prefix + "attention.head_count", 4);
  if (architecture == "lfm2") {
    writer.set_u32(prefix + "shortconv.l_cache", 3);
  } else {
    writer.set_u32(prefix + "ssm.conv_kernel", 4);
    writer.set_u32(prefix + "ssm.inner_size", 96);
    writer.set_u32(prefix + "ssm.state_size", 16);
    writer.set_u32(prefix + "ssm.time_step_rank", 6);
    writer.set_u32(prefix + "ssm.group_count", 2);
  }
  if (change) change(writer, prefix);
  const std::int64_t shape[] = {1};
  for (int i = 0; i < 8; ++i) writer.add_tensor("t" + std::to_string(i), quant::Format::f32, shape);
  const auto opened = test::reopened_gguf(writer, std::vector<std::size_t>(8, sizeof(float)));
  REQUIRE(opened);
  return model::read_config(*opened);
}

Change kv_heads(std::vector<std::int32_t> heads) {
  return [heads](io::GgufWriter& writer, const std::string& prefix) {
    writer.set_i32s(prefix + "attention.head_count_kv", heads);
  };
}
Change number(const std::string& key, std::uint32_t value) {
  return [=](io::GgufWriter& writer, const std::string& prefix) { writer.set_u32(prefix + key, value); };
}

void refused(const Result<Config>& result, const std::string& part) {
  REQUIRE(!result);
  INFO(result.error().sentence);
  CHECK(result.error().sentence.find(part) != std::string::npos);
}

/// The names of the layers' mixers.
std::vector<std::string> mixers(const Result<Config>& config) {
  if (!config) FAIL(config.error().sentence);
  std::vector<std::string> names;
  for (const model::LayerConfig& layer : config->layers) names.emplace_back(layer.mixer->name());
  return names;
}

}  // namespace

TEST_CASE("layers without KV heads have another mixer, where the architecture has one") {
  CHECK(mixers(configured("lfm2", kv_heads({0, 2, 0, 2}))) ==
        std::vector<std::string>{"short convolution", "attention", "short convolution", "attention"});
  CHECK(mixers(configured("granitehybrid", kv_heads({0, 0, 4, 0}))) ==
        std::vector<std::string>{"Mamba-2", "Mamba-2", "attention", "Mamba-2"});
  const auto config = configured("lfm2", kv_heads({0, 2, 0, 2}));
  CHECK(config->layers[0].heads == 0);
  CHECK(!config->layers[0].rope);
  CHECK(config->layers[1].heads == 4);
  CHECK(config->layers[0].mixer->state_bytes(*config, config->layers[0]) == 2 * 64 * 4);
  CHECK(config->layers[1].mixer->state_bytes(*config, config->layers[1]) == 0);
  refused(configured("llama", kv_heads({0, 2, 0, 2})), "head_count_kv: expected at least 1, found 0");
}

TEST_CASE("the interval of full attention, or a list, names the layers with gated DeltaNet") {
  const std::string net = "gated DeltaNet", full = "attention";
  CHECK(mixers(configured("qwen35")) == std::vector<std::string>{net, net, net, full});
  CHECK(mixers(configured("qwen35", number("full_attention_interval", 2))) ==
        std::vector<std::string>{net, full, net, full});
  const auto listed = configured("qwen35", [](io::GgufWriter& writer, const std::string& prefix) {
    writer.set_i32s(prefix + "attention.recurrent_layers", std::vector<std::int32_t>{0, 1, 1, 0});
  });
  CHECK(mixers(listed) == std::vector<std::string>{full, net, net, full});
  refused(configured("qwen35",
                     [](io::GgufWriter& writer, const std::string& prefix) {
                       writer.set_i32s(prefix + "attention.recurrent_layers", std::vector<std::int32_t>{0, 1});
                     }),
          "recurrent_layers");
  const auto config = configured("qwen35");
  CHECK(config->recurrent.value_size == 16);
  CHECK(config->recurrent.channels() == 96 + 2 * 2 * 16);
  // The convolution's inputs of three tokens, and a matrix of 16 × 16 for each of six heads.
  CHECK(config->layers[0].mixer->state_bytes(*config, config->layers[0]) == (3 * 160 + 6 * 16 * 16) * 4);
}

TEST_CASE("heads share keys with their neighbours, or with every n-th") {
  model::RecurrentConfig shape;
  shape.heads = 6;
  shape.key_heads = 2;
  std::vector<int> neighbours, spread;
  for (int head = 0; head < 6; ++head) neighbours.push_back(shape.key_head(head));
  shape.neighbours_share = false;
  for (int head = 0; head < 6; ++head) spread.push_back(shape.key_head(head));
  CHECK(neighbours == std::vector<int>{0, 0, 0, 1, 1, 1});
  CHECK(spread == std::vector<int>{0, 1, 0, 1, 0, 1});
}

TEST_CASE("sizes that cannot be are refused by name") {
  refused(configured("qwen35", number("ssm.inner_size", 100)), "ssm.inner_size");
  refused(configured("qwen35", number("ssm.group_count", 4)), "ssm.group_count");
  refused(configured("mamba2", number("ssm.conv_kernel", 17)), "ssm.conv_kernel");
  refused(configured("lfm2", number("shortconv.l_cache", 1)), "shortconv.l_cache");
  refused(configured("qwen35", number("attention.value_length", 8)), "value_length");
  refused(configured("qwen35moe"), "expert_count");
}

TEST_CASE("sections of rotary positions are accepted where a text is rotated as without them") {
  const auto sections = [](std::vector<std::int32_t> values) {
    return [values](io::GgufWriter& writer, const std::string& prefix) {
      writer.set_i32s(prefix + "rope.dimension_sections", values);
    };
  };
  // Eight pairs: sizes of 16 rotate throughout.
  CHECK(configured("qwen35", sections({3, 3, 2, 0})));
  CHECK(configured("qwen35", sections({3, 3, 2})));
  refused(configured("qwen35", sections({2, 2, 2, 2})), "leaves pair 6");
  refused(configured("qwen35", sections({8, 0, 0, 0})), "leaves pair 1");
  refused(configured("qwen35", sections({0, 0, 0, 0})), "dimension_sections");
  refused(configured("qwen35", sections({3, -1, 2, 0})), "dimension_sections");
}

TEST_CASE("heads of an odd size are accepted where nothing rotates") {
  const auto odd = [](bool rope) {
    return [rope](io::GgufWriter& writer, const std::string& prefix) {
      writer.set_u32(prefix + "attention.key_length", 11);
      writer.set_u32(prefix + "attention.value_length", 11);
      writer.set_bool(prefix + "rope.scaling.finetuned", rope);
    };
  };
  CHECK(configured("granitehybrid", odd(false)));
  refused(configured("granitehybrid", odd(true)), "attention.key_length: expected an even number, found 11");
}

TEST_CASE("a layer of Nemotron is one thing alone") {
  const auto config = configured("nemotron_h", [](io::GgufWriter& writer, const std::string& prefix) {
    writer.set_i32s(prefix + "attention.head_count_kv", std::vector<std::int32_t>{0, 2, 0, 2});
    writer.set_i32s(prefix + "feed_forward_length", std::vector<std::int32_t>{0, 0, 80, 96});
  });
  REQUIRE(config);
  CHECK(config->layers[0].mixer == &model::mamba2_mixer());
  CHECK(config->layers[0].kind == model::FeedForward::none);
  CHECK(config->layers[1].mixer == &model::attention_mixer());
  CHECK(config->layers[1].kind == model::FeedForward::none);
  CHECK(!config->layers[1].rope);
  CHECK(config->layers[2].mixer == nullptr);
  CHECK(config->layers[2].kind == model::FeedForward::plain);
  CHECK(config->layers[2].feed_forward_width == 80);
  CHECK(config->layers[3].mixer == nullptr);  // where the file gives both, it is the feed-forward
  const kv::Shape shape = model::kv_shape(*config, 512, kernels::KvType::f16);
  CHECK(shape.layers.size() == 1);
  CHECK(shape.states.size() == 1);
}

TEST_CASE("groups of experts divide them, and are enough") {
  const auto grouped = [](std::uint32_t groups, std::uint32_t used) {
    return configured("nemotron_h_moe", [=](io::GgufWriter& writer, const std::string& prefix) {
      writer.set_i32s(prefix + "attention.head_count_kv", std::vector<std::int32_t>{0, 2, 0, 0});
      writer.set_i32s(prefix + "feed_forward_length", std::vector<std::int32_t>{0, 0, 16, 0});
      writer.set_u32(prefix + "expert_count", 8);
      writer.set_u32(prefix + "expert_used_count", 3);
      writer.set_u32(prefix + "expert_feed_forward_length", 16);
      writer.set_u32(prefix + "expert_group_count", groups);
      writer.set_u32(prefix + "expert_group_used_count", used);
    });
  };
  const auto config = grouped(4, 2);
  REQUIRE(config);
  CHECK(config->expert_groups == 4);
  CHECK(config->expert_groups_used == 2);
  CHECK(!config->gated_experts);
  CHECK(config->layers[2].kind == model::FeedForward::experts);
  CHECK(config->router_score == model::RouterScore::sigmoid);
  refused(grouped(3, 2), "expected a divisor of the 8 experts, found 3");
  refused(grouped(4, 1), "expected groups with at least 3 experts, found 1 of 2");
  refused(configured("nemotron_h_moe"), "expert_count");
}
