// From metadata to a configuration: defaults, per-layer values, and the sentences about invalid values.
#include "engine/model/config.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <string>

#include "tests/support/reopened_gguf.hpp"

using namespace brim;
using model::Config;

namespace {

// A file of `architecture` with the keys that every architecture needs, changed by `change`, and enough tensors for
// four layers.
Result<Config> configured(const std::string& architecture, const std::function<void(io::GgufWriter&)>& change) {
  io::GgufWriter writer;
  writer.set_string("general.architecture", architecture);
  writer.set_u32(architecture + ".context_length", 512);
  writer.set_u32(architecture + ".embedding_length", 64);
  writer.set_u32(architecture + ".block_count", 4);
  writer.set_u32(architecture + ".feed_forward_length", 96);
  writer.set_u32(architecture + ".attention.head_count", 4);
  change(writer);
  const std::int64_t shape[] = {1};
  for (int i = 0; i < 8; ++i) writer.add_tensor("t" + std::to_string(i), quant::Format::f32, shape);
  const auto opened = test::reopened_gguf(writer, std::vector<std::size_t>(8, sizeof(float)));
  REQUIRE(opened);
  return model::read_config(*opened);
}

Result<Config> llama(const std::function<void(io::GgufWriter&)>& change) { return configured("llama", change); }

void refused(const Result<Config>& result, const std::string& part) {
  REQUIRE(!result);
  INFO(result.error().sentence);
  CHECK(result.error().sentence.find(part) != std::string::npos);
}

}  // namespace

TEST_CASE("defaults: as many KV heads as heads, head sizes by division, full rotation, base 10000") {
  const auto config = llama([](io::GgufWriter&) {});
  REQUIRE(config);
  CHECK(config->layers.size() == 4);
  CHECK(config->layers[0].kv_heads == 4);
  CHECK(config->layers[0].key_size == 16);
  CHECK(config->layers[0].value_size == 16);
  CHECK(config->rope.dimensions == 16);
  CHECK(config->rope.base == 10000.0);
  CHECK(config->attention_scale == doctest::Approx(0.25));
  CHECK(config->layers[0].window == 0);
}

TEST_CASE("values may be given per layer") {
  const auto config = llama([](io::GgufWriter& writer) {
    const std::int32_t heads[] = {4, 2, 4, 2}, widths[] = {96, 64, 32, 96};
    writer.set_i32s("llama.attention.head_count_kv", heads);
    writer.set_i32s("llama.feed_forward_length", widths);
  });
  REQUIRE(config);
  CHECK(config->layers[1].kv_heads == 2);
  CHECK(config->layers[2].feed_forward_width == 32);
}

TEST_CASE("windows: everywhere for llama, alternating for gemma2, five to one for gemma3, or as the file says") {
  const auto window = [](const std::string& name) {
    return [name](io::GgufWriter& writer) {
      writer.set_u32(name + ".attention.sliding_window", 24);
      writer.set_u32(name + ".attention.key_length", 32);
    };
  };
  const auto mistral = llama(window("llama"));
  const auto gemma2 = configured("gemma2", window("gemma2"));
  const auto gemma3 = configured("gemma3", window("gemma3"));
  const auto given = configured("gemma3", [&](io::GgufWriter& writer) {
    window("gemma3")(writer);
    const bool pattern[] = {true, false, false, true};
    writer.set_bools("gemma3.attention.sliding_window_pattern", pattern);
  });
  REQUIRE((mistral && gemma2 && gemma3 && given));
  const std::int64_t expected[4][4] = {{24, 24, 24, 24}, {24, 0, 24, 0}, {24, 24, 24, 24}, {24, 0, 0, 24}};
  const Config* configs[] = {&*mistral, &*gemma2, &*gemma3, &*given};
  for (int which = 0; which < 4; ++which) {
    for (std::size_t layer = 0; layer < 4; ++layer) {
      CHECK(configs[which]->layers[layer].window == expected[which][layer]);
    }
  }
  CHECK(gemma2->attention_soft_cap == 50.0f);
  CHECK(gemma2->embedding_scale == 8.0f);
  CHECK(gemma3->rope.window_base == 10000.0);
}

TEST_CASE("an architecture without windows refuses a file that gives it one") {
  for (const char* name : {"qwen2", "qwen3", "smollm3", "granite"}) {
    const std::string key = std::string(name) + ".attention.sliding_window";
    refused(configured(name, [&](io::GgufWriter& writer) { writer.set_u32(key, 24); }), key);
    CHECK(configured(name, [&](io::GgufWriter& writer) { writer.set_u32(key, 0); }));
  }
}

TEST_CASE("architectures have switches of their own") {
  const auto smollm3 = configured("smollm3", [](io::GgufWriter&) {});
  REQUIRE(smollm3);
  CHECK(smollm3->layers[2].rope);
  CHECK(!smollm3->layers[3].rope);
  const auto granite = configured("granite", [](io::GgufWriter& writer) {
    writer.set_f32("granite.logit_scale", 8);
    writer.set_f32("granite.attention.scale", 0.5f);
  });
  REQUIRE(granite);
  CHECK(granite->logit_scale == 0.125f);
  CHECK(granite->attention_scale == 0.5f);
  const auto mixture = configured("olmoe", [](io::GgufWriter& writer) {
    writer.set_u32("olmoe.expert_count", 8);
    writer.set_u32("olmoe.expert_used_count", 2);
  });
  REQUIRE(mixture);
  CHECK(mixture->expert_feed_forward == 96);
  CHECK(!mixture->expert_weights_normalised);
}

TEST_CASE("windows of further architectures, and where positions are rotated") {
  const auto given = [](const std::string& name) {
    return configured(name, [&](io::GgufWriter& writer) {
      writer.set_u32(name + ".attention.sliding_window", 24);
      writer.set_f32(name + ".attention.layer_norm_epsilon", 1e-5f);
      writer.set_f32(name + ".attention.layer_norm_rms_epsilon", 1e-5f);
      if (name == "cohere2") writer.set_f32("cohere2.logit_scale", 0.25f);
      if (name == "gpt-oss") writer.set_u32("gpt-oss.expert_count", 8);
      if (name == "gpt-oss") writer.set_u32("gpt-oss.expert_used_count", 2);
    });
  };
  const struct {
    const char* name;
    std::int64_t windows[4];
    bool rope[4];
  } expected[] = {{"olmo2", {24, 24, 24, 0}, {true, true, true, true}},
                  {"exaone4", {24, 24, 24, 0}, {true, true, true, false}},
                  {"cohere2", {24, 24, 24, 0}, {true, true, true, false}},
                  {"gpt-oss", {24, 0, 24, 0}, {true, true, true, true}}};
  for (const auto& one : expected) {
    CAPTURE(one.name);
    const auto config = given(one.name);
    REQUIRE(config);
    for (std::size_t layer = 0; layer < 4; ++layer) {
      CHECK(config->layers[layer].window == one.windows[layer]);
      CHECK(config->layers[layer].rope == one.rope[layer]);
    }
  }
  const auto small = configured("exaone4", [](io::GgufWriter&) {});
  REQUIRE(small);
  CHECK(small->layers[3].rope);
}

TEST_CASE("experts: how they are chosen, those that every token uses, and layers without any") {
  const auto mixture = [](const std::string& name, const std::function<void(io::GgufWriter&)>& change) {
    return configured(name, [&](io::GgufWriter& writer) {
      writer.set_u32(name + ".expert_count", 8);
      writer.set_u32(name + ".expert_used_count", 2);
      writer.set_u32(name + ".expert_feed_forward_length", 16);
      change(writer);
    });
  };
  const auto glm = mixture("glm4moe", [](io::GgufWriter& writer) {
    writer.set_u32("glm4moe.expert_shared_count", 2);
    writer.set_u32("glm4moe.leading_dense_block_count", 1);
    writer.set_f32("glm4moe.expert_weights_scale", 1.5f);
  });
  REQUIRE(glm);
  CHECK(glm->router_score == model::RouterScore::sigmoid);
  CHECK(!glm->expert_weights_normalised);
  CHECK(glm->expert_weights_scale == 1.5f);
  CHECK(glm->shared_expert_feed_forward == 32);
  CHECK(glm->layers[0].kind == model::FeedForward::gated);
  CHECK(glm->layers[0].feed_forward_width == 96);
  CHECK(glm->layers[1].kind == model::FeedForward::experts);
  refused(mixture("glm4moe", [](io::GgufWriter& w) { w.set_u32("glm4moe.expert_gating_func", 9); }), "gating_func");
  const auto ernie = mixture("ernie4_5-moe", [](io::GgufWriter& writer) {
    writer.set_u32("ernie4_5-moe.interleave_moe_layer_step", 2);
    writer.set_u32("ernie4_5-moe.expert_shared_feed_forward_length", 28);
  });
  REQUIRE(ernie);
  CHECK(ernie->shared_expert_feed_forward == 28);
  for (std::size_t layer = 0; layer < 4; ++layer) {
    const auto kind = layer % 2 == 1 ? model::FeedForward::experts : model::FeedForward::gated;
    CHECK(ernie->layers[layer].kind == kind);
  }
  refused(mixture("ernie4_5-moe",
                  [](io::GgufWriter& w) {
                    w.set_u32("ernie4_5-moe.leading_dense_block_count", 1);
                    w.remove("ernie4_5-moe.feed_forward_length");
                  }),
          "width of the dense layer 0");
  // An architecture whose experts are of one kind refuses what it would not compute.
  refused(mixture("qwen3moe", [](io::GgufWriter& w) { w.set_u32("qwen3moe.expert_gating_func", 2); }), "gating_func");
  refused(mixture("qwen3moe", [](io::GgufWriter& w) { w.set_u32("qwen3moe.expert_shared_count", 1); }), "shared_count");
}

TEST_CASE("layer norms have an epsilon of their own, and are named as such") {
  const auto starcoder = [](const std::function<void(io::GgufWriter&)>& change) {
    return configured("starcoder2", [&](io::GgufWriter& writer) {
      writer.set_f32("starcoder2.attention.layer_norm_epsilon", 0.25f);
      change(writer);
    });
  };
  const auto config = starcoder([](io::GgufWriter&) {});
  REQUIRE(config);
  CHECK(config->norms.kind == model::NormKind::layer);
  CHECK(config->norm_epsilon == 0.25f);
  CHECK(config->layers[0].kind == model::FeedForward::plain);
  CHECK(starcoder([](io::GgufWriter& w) { w.set_string("starcoder2.norm_type", "layer_norm"); }));
  refused(starcoder([](io::GgufWriter& w) { w.set_string("starcoder2.norm_type", "rms"); }), "norm_type");
  refused(configured("starcoder2", [](io::GgufWriter&) {}), "layer_norm_epsilon");
}

TEST_CASE("what cannot be is refused by name") {
  refused(configured("nosuch", [](io::GgufWriter&) {}), "qwen3moe");
  refused(llama([](io::GgufWriter& w) { w.remove("llama.embedding_length"); }), "llama.embedding_length");
  refused(llama([](io::GgufWriter& w) { w.set_u32("llama.block_count", 0); }), "llama.block_count");
  refused(llama([](io::GgufWriter& w) { w.set_u32("llama.block_count", 4000000000u); }), "llama.block_count");
  refused(llama([](io::GgufWriter& w) { w.set_u32("llama.attention.head_count", 3); }), "head_count");
  refused(llama([](io::GgufWriter& w) { w.set_u32("llama.attention.head_count", 0); }), "head_count");
  refused(llama([](io::GgufWriter& w) { w.set_u32("llama.attention.head_count_kv", 3); }), "head_count_kv");
  refused(llama([](io::GgufWriter& w) { w.set_u32("llama.rope.dimension_count", 3); }), "rope.dimension_count");
  refused(llama([](io::GgufWriter& w) { w.set_u32("llama.rope.dimension_count", 32); }), "rope.dimension_count");
  refused(llama([](io::GgufWriter& w) { w.set_f32("llama.rope.freq_base", NAN); }), "finite");
  refused(llama([](io::GgufWriter& w) { w.set_string("llama.rope.scaling.type", "magic"); }), "magic");
  refused(llama([](io::GgufWriter& w) { w.set_string("llama.context_length", "long"); }), "llama.context_length");
  refused(llama([](io::GgufWriter& w) { w.set_f32("llama.context_length", 4096); }),
          "'llama.context_length' is the f32 number 4096, expected an integer from 1 to");
  refused(llama([](io::GgufWriter& w) { w.set_u32("llama.expert_count", 4); }), "expert_used_count");
  refused(llama([](io::GgufWriter& w) {
            const std::int32_t heads[] = {4, 2};
            w.set_i32s("llama.attention.head_count_kv", heads);
          }),
          "4 integers");
  refused(configured("qwen3moe", [](io::GgufWriter&) {}), "expert_count");
  refused(configured("gemma3", [](io::GgufWriter&) {}), "sliding_window");
}

TEST_CASE("a key that speaks of arithmetic is refused unless it says what is computed anyway, whoever invented it") {
  const auto number = [](const std::string& key, float value) {
    return llama([&](io::GgufWriter& writer) { writer.set_f32("llama." + key, value); });
  };
  const auto flag = [](const std::string& key, bool value) {
    return llama([&](io::GgufWriter& writer) { writer.set_bool("llama." + key, value); });
  };
  const auto text = [](const std::string& architecture, const std::string& key, const std::string& value) {
    return configured(architecture, [&](io::GgufWriter& writer) {
      if (architecture == "gemma3") writer.set_u32("gemma3.attention.sliding_window", 24);
      writer.set_string(architecture + "." + key, value);
    });
  };
  for (const char* key : {"embedding_multiplier", "logits_scaling", "residual_multiplier", "output_scale"}) {
    CAPTURE(key);
    refused(number(key, 8), "key 'llama." + std::string(key) + "' is 8");
    CHECK(number(key, 1));
    CHECK(number(key, 0));
    refused(flag(key, true), key);
    CHECK(flag(key, false));
  }
  for (const char* key : {"sliding_window", "final_softcap", "output_soft_cap", "logits.clip"}) {
    CAPTURE(key);
    refused(number(key, 1), key);
    CHECK(number(key, 0));
  }
  refused(flag("causal", false), "'llama.causal' is false");
  CHECK(flag("causal", true));
  refused(flag("qk_norm", true), "'llama.qk_norm' is true");
  CHECK(flag("qk_norm", false));
  CHECK(configured("qwen3", [](io::GgufWriter& writer) { writer.set_bool("qwen3.qk_norm", true); }));
  refused(text("llama", "norm_type", "layernorm"), "'llama.norm_type' is the string 'layernorm'");
  CHECK(text("llama", "norm_type", "rms_norm"));
  refused(text("llama", "feed_forward_act", "gelu"), "'llama.feed_forward_act' is the string 'gelu'");
  CHECK(text("llama", "feed_forward_act", "silu"));
  CHECK(text("llama", "hidden_act", "silu"));
  CHECK(text("gemma3", "hidden_activation", "gelu_pytorch_tanh"));
  refused(text("gemma3", "hidden_activation", "silu"), "hidden_activation");
}

TEST_CASE("a key without a known effect is listed, unless it is of another encoder or harmless") {
  const auto config = llama([](io::GgufWriter& writer) {
    writer.set_u32("llama.vocab_size", 320);
    writer.set_u32("llama.vision.block_count", 27);
    writer.set_f32("llama.vision.projector_scale_factor", 2);
    writer.set_u32("llama.mm.tokens_per_image", 256);
    writer.set_string("llama.factory", "Berlin");  // "act" is a word only between dots and underscores
    writer.set_u32("other.embedding_multiplier", 12);
  });
  REQUIRE(config);
  CHECK(config->unknown_keys == std::vector<std::string>{"llama.factory"});
}
