// Tensors and keys that an architecture does not read: those of other parts of a model are skipped and change nothing;
// everything else that would change the answers is refused by name.
#include "engine/model/foreign_tensors.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "engine/model/model.hpp"
#include "tests/support/tiny_file.hpp"

using namespace brim;
using Writer = io::GgufWriter;

namespace {

struct Loaded {
  Result<std::shared_ptr<const model::Model>> model = error(ErrorCode::internal, "not loaded");
  std::vector<std::string> lines;
};

Loaded load(const test::TinyModel& shape) {
  const test::TinyFile file(shape);
  Loaded loaded;
  model::LoadOptions options;
  options.memory = model::WeightMemory::file;  // the weights still know the file's tensors
  options.log = [&](LogLevel, std::string_view line) { loaded.lines.emplace_back(line); };
  loaded.model = model::Model::load(file.path, options);
  return loaded;
}

Loaded with_tensor(const std::string& name, const std::vector<std::int64_t>& shape) {
  test::TinyModel tiny;
  tiny.further.push_back({name, shape, 0.5f});
  return load(tiny);
}

Loaded with_key(const std::function<void(Writer&)>& change) {
  test::TinyModel tiny;
  tiny.change = change;
  return load(tiny);
}

void refused(const Loaded& loaded, ErrorCode code, const std::vector<std::string>& parts) {
  REQUIRE_FALSE(loaded.model);
  INFO(loaded.model.error().sentence);
  CHECK(loaded.model.error().code == code);
  for (const std::string& part : parts) CHECK(loaded.model.error().sentence.find(part) != std::string::npos);
}

bool said(const Loaded& loaded, const std::string& part) {
  for (const std::string& line : loaded.lines) {
    if (line.find(part) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a tensor that the architecture does not know is refused by name") {
  const std::vector<std::pair<std::string, std::vector<std::int64_t>>> tensors = {
      {"output.bias", {377}},
      {"output_norm.bias", {64}},
      {"token_embd_norm.weight", {64}},
      {"blk.1.attn_norm.bias", {64}},
      {"blk.1.ffn_norm.bias", {64}},
      {"blk.0.attn_q_norm.weight", {16}},
      {"blk.2.attn_sinks.weight", {4}},
      {"blk.0.attn_sub_norm.weight", {64}},
      {"blk.0.post_attention_norm.weight", {64}},
      {"blk.0.layer_output_scale.weight", {1}},
      {"blk.0.ffn_gate_inp.weight", {64, 4}},
      {"blk.3.attn_q.weight", {64, 64}},
      {"dense_2.weight", {64, 64}},
      {"cls.weight", {64, 2}},
      {"position_embd.weight", {64, 256}},
      {"mystery.weight", {32}},
      {"vision.weight", {32}},
  };
  for (const auto& tensor : tensors) {
    INFO(tensor.first);
    refused(with_tensor(tensor.first, tensor.second), ErrorCode::unsupported, {"'" + tensor.first + "'"});
  }
  refused(with_tensor("blk.0.attn_norm.scale", {1}), ErrorCode::unsupported, {"'blk.0.attn_norm.scale'", "a scale"});
}

TEST_CASE("tensors of other parts of a model are skipped, not counted, and named in the log") {
  const auto plain = load({});
  REQUIRE(plain.model);
  for (const char* name : {"v.patch_embd.weight", "mm.0.weight", "a.conv.weight", "s.x", "blk.1.nextn.eh_proj.weight",
                           "blk.0.attn_q.input_scale"}) {
    INFO(name);
    const auto loaded = with_tensor(name, {64, 64});
    if (!loaded.model) FAIL(loaded.model.error().sentence);
    const model::Model& model = **loaded.model;
    CHECK(model.file().parameters == (*plain.model)->file().parameters);
    CHECK(model.weight_bytes() == (*plain.model)->weight_bytes());
    CHECK(model.weights().skipped.size() == 1);
    CHECK(said(loaded, name));
  }
}

TEST_CASE("blocks that predict further tokens are not layers") {
  test::TinyModel four;
  four.layers = 4;
  four.change = [](Writer& writer) { writer.set_u32("llama.nextn_predict_layers", 1); };
  four.further.push_back({"blk.3.nextn.eh_proj.weight", {128, 64}, 0.5f});
  const auto declared = load(four);
  if (!declared.model) FAIL(declared.model.error().sentence);
  const auto plain = load({});
  CHECK((*declared.model)->config().layers.size() == 3);
  CHECK((*declared.model)->file().parameters == (*plain.model)->file().parameters);
  CHECK((*declared.model)->file().token_work.layer_weights == (*plain.model)->file().token_work.layer_weights);

  test::TinyModel counted = four;  // the block count excludes the block
  counted.change = [](Writer& writer) { writer.set_u32("llama.block_count", 3); };
  const auto left_out = load(counted);
  if (!left_out.model) FAIL(left_out.model.error().sentence);
  CHECK((*left_out.model)->config().layers.size() == 3);

  four.change = [](Writer& writer) { writer.set_u32("llama.nextn_predict_layers", 4); };
  refused(load(four), ErrorCode::bad_file, {"llama.nextn_predict_layers"});
}

TEST_CASE("rotary factors count, wherever the file has them, and only when they agree") {
  test::TinyModel tiny;
  for (int layer = 0; layer < tiny.layers; ++layer)
    tiny.further.push_back({"blk." + std::to_string(layer) + ".rope_freqs.weight", {8}, 2});
  const auto loaded = load(tiny);
  if (!loaded.model) FAIL(loaded.model.error().sentence);
  CHECK((*loaded.model)->weights().rope_factors.common == std::vector<float>(8, 2.0f));
  tiny.further[1].value = 3;
  refused(load(tiny), ErrorCode::unsupported, {"blk.1.rope_freqs.weight"});
  tiny.further = {{"rope_freqs.weight", {8}, NAN}};
  refused(load(tiny), ErrorCode::bad_file, {"rope_freqs.weight", "nan"});
  refused(with_key([](Writer& writer) {
            writer.set_string("llama.rope.scaling.type", "llama3");
            writer.set_f32("llama.rope.scaling.factor", 8);
          }),
          ErrorCode::unsupported, {"llama.rope.scaling.type", "rope_freqs.weight"});
}

TEST_CASE("keys that change the arithmetic are refused with their value, unless it means that they are not used") {
  const auto number = [](const std::string& key, float used, float unused) {
    INFO(key);
    refused(with_key([&](Writer& writer) { writer.set_f32("llama." + key, used); }), ErrorCode::unsupported,
            {"'llama." + key + "' is " + number_text(used)});
    const auto loaded = with_key([&](Writer& writer) { writer.set_f32("llama." + key, unused); });
    if (!loaded.model) FAIL(loaded.model.error().sentence);
  };
  number("final_logit_softcapping", 30, 0);
  number("attn_logit_softcapping", 50, 0);
  number("logit_scale", 4, 1);
  number("residual_scale", 0.25f, 0);
  number("embedding_scale", 12, 1);
  number("attention.clamp_kqv", 1, 0);
  number("attention.max_alibi_bias", 8, 0);
  number("attention.temperature_scale", 0.1f, 0);
  number("rope.scaling.yarn_log_multiplier", 0.1f, 0);
  number("expert_weights_scale", 2.5f, 1);
  number("attention.something_new", 2, 0);
  const auto count = [](const std::string& key, std::uint32_t used, std::uint32_t unused) {
    INFO(key);
    refused(with_key([&](Writer& writer) { writer.set_u32("llama." + key, used); }), ErrorCode::unsupported,
            {"'llama." + key + "' is " + std::to_string(used)});
    const auto loaded = with_key([&](Writer& writer) { writer.set_u32("llama." + key, unused); });
    if (!loaded.model) FAIL(loaded.model.error().sentence);
  };
  count("pooling_type", 1, 0);
  count("expert_gating_func", 2, 1);
  count("expert_shared_count", 1, 0);
  count("leading_dense_block_count", 1, 0);
  count("ssm.conv_kernel", 4, 0);
  count("full_attention_interval", 4, 0);
  count("attention.key_length_swa", 8, 16);
  count("attention.shared_kv_layers", 1, 0);
  const auto flag = [](const std::string& key, bool used) {
    INFO(key);
    refused(with_key([&](Writer& writer) { writer.set_bool("llama." + key, used); }), ErrorCode::unsupported,
            {"'llama." + key + "' is " + (used ? "true" : "false")});
    CHECK(with_key([&](Writer& writer) { writer.set_bool("llama." + key, !used); }).model);
  };
  flag("attention.causal", false);
  flag("use_parallel_residual", true);
  const std::int32_t sections[] = {4, 2, 2, 0}, none[] = {0, 0, 0, 0};
  refused(with_key([&](Writer& writer) { writer.set_i32s("llama.rope.dimension_sections", sections); }),
          ErrorCode::unsupported, {"llama.rope.dimension_sections"});
  CHECK(with_key([&](Writer& writer) { writer.set_i32s("llama.rope.dimension_sections", none); }).model);
  refused(with_key([](Writer& writer) {
            writer.set_u32("llama.attention.sliding_window", 8);
            writer.set_u32("llama.attention.sliding_window_pattern", 2);
          }),
          ErrorCode::unsupported, {"llama.attention.sliding_window_pattern"});
  refused(with_key([](Writer& writer) { writer.set_string("general.type", "adapter"); }), ErrorCode::unsupported,
          {"'adapter'"});
}

TEST_CASE("keys without a known effect are named in the log") {
  const auto loaded = with_key([](Writer& writer) {
    writer.set_u32("llama.vocab_size", 377);
    writer.set_string("llama.author_mood", "good");
  });
  REQUIRE(loaded.model);
  CHECK(said(loaded, "llama.author_mood"));
  CHECK_FALSE(said(loaded, "vocab_size"));
}

TEST_CASE("numbers that cannot be are bad files, named with their range") {
  const std::vector<std::pair<std::string, std::vector<float>>> keys = {
      {"attention.layer_norm_rms_epsilon", {-1, -1e-6f, 2, NAN, INFINITY}},
      {"rope.freq_base", {0, 1, -10000, NAN, INFINITY, 1e20f}},
      {"rope.scaling.factor", {-2, NAN, -INFINITY, 1e20f}},
      {"rope.scale_linear", {-2, NAN}},
      {"rope.scaling.attn_factor", {0, -1, NAN}},
      {"rope.scaling.yarn_beta_fast", {0, -1}},
      {"rope.scaling.yarn_beta_slow", {0, -1}},
      {"rope.scaling.yarn_ext_factor", {-1, 2}},
      {"attention.scale", {-0.25f, NAN}},
  };
  for (const auto& [name, values] : keys) {
    const std::string& key = name;  // lambdas cannot capture structured bindings everywhere
    for (const float value : values) {
      INFO(key, " ", value);
      const auto loaded = with_key([&](Writer& writer) { writer.set_f32("llama." + key, value); });
      refused(loaded, ErrorCode::bad_file, {"'llama." + key + "' is ", "expected a"});
    }
  }
  CHECK(with_key([](Writer& writer) { writer.set_f32("llama.attention.layer_norm_rms_epsilon", 0); }).model);
}

TEST_CASE("a block without tensors for further tokens is a layer, whatever the key says") {
  test::TinyModel tiny;
  tiny.layers = 4;
  tiny.change = [](Writer& writer) { writer.set_u32("llama.nextn_predict_layers", 1); };
  refused(load(tiny), ErrorCode::bad_file, {"nextn_predict_layers", "block 3", "blk.3.nextn."});
}

TEST_CASE("a vocabulary without weights is named as one") {
  const test::ScratchFolder folder;
  const std::string path = folder.path + "/words.gguf";
  io::GgufWriter writer;
  writer.set_string("general.architecture", "llama");
  writer.set_string("tokenizer.ggml.model", "llama");
  writer.set_strings("tokenizer.ggml.tokens", std::vector<std::string>{"a", "b"});
  REQUIRE(writer.begin(path));
  REQUIRE(writer.finish());
  const auto loaded = model::Model::load(path);
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().code == ErrorCode::unsupported);
  CHECK(loaded.error().sentence ==
        path + " holds a vocabulary only: without weights it can be used to tokenize, but not be run");
}
