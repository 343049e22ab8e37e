#include "quant/mix.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "quant/row.hpp"

namespace {

using namespace brim::quant;

struct Shape {
  std::string_view architecture;
  int layers, width, feed_forward, heads_per_kv_head, experts;
  bool tied;
};

using Counts = std::map<std::string_view, int>;

/// How many tensors of a dense or mixture-of-experts model get which format; vectors are left out.
Counts counts(Mix mix, const Shape& shape, bool pure = false) {
  const ModelFacts model{shape.architecture,      shape.layers, shape.experts,
                         shape.heads_per_kv_head, shape.layers, shape.tied};
  Counts found;
  const auto count = [&](const std::string& name, std::int64_t row_length, int dimensions, int index) {
    const TensorFacts tensor{name, dimensions, row_length, Format::f16, index};
    ++found[info(choose_format(mix, pure, model, tensor).format).name];
  };
  count("token_embd.weight", shape.width, 2, 0);
  if (!shape.tied) count("output.weight", shape.width, 2, 0);
  for (int layer = 0; layer < shape.layers; ++layer) {
    const std::string block = "blk." + std::to_string(layer) + ".";
    for (const char* part : {"attn_q", "attn_k", "attn_v", "attn_output"})
      count(block + part + ".weight", shape.width, 2, layer);
    const std::string experts = shape.experts > 0 ? "_exps.weight" : ".weight";
    count(block + "ffn_gate" + experts, shape.width, shape.experts > 0 ? 3 : 2, layer);
    count(block + "ffn_up" + experts, shape.width, shape.experts > 0 ? 3 : 2, layer);
    count(block + "ffn_down" + experts, shape.feed_forward, shape.experts > 0 ? 3 : 2, layer);
  }
  return found;
}

constexpr Shape kLlama8b = {"llama", 32, 4096, 14336, 4, 0, false};
constexpr Shape kQwenHalfB = {"qwen2", 24, 896, 4864, 7, 0, true};
constexpr Shape kMixtral = {"llama", 32, 4096, 14336, 4, 8, false};

Choice choose(Mix mix, std::string_view name, std::int64_t row_length, int dimensions, Format now) {
  const ModelFacts model{"llama", 16, 0, 4, 16, true};
  return choose_format(mix, false, model, TensorFacts{name, dimensions, row_length, now, 0});
}

}  // namespace

TEST_CASE("an 8B Llama gets the numbers of matrices per format that its published files have") {
  CHECK(counts(Mix::q4_k_m, kLlama8b) == Counts{{"Q4_K", 193}, {"Q6_K", 33}});
  CHECK(counts(Mix::q4_k_s, kLlama8b) == Counts{{"Q4_K", 217}, {"Q5_K", 8}, {"Q6_K", 1}});
  CHECK(counts(Mix::q5_k_m, kLlama8b) == Counts{{"Q5_K", 193}, {"Q6_K", 33}});
  CHECK(counts(Mix::q5_k_s, kLlama8b) == Counts{{"Q5_K", 225}, {"Q6_K", 1}});
  CHECK(counts(Mix::q3_k_m, kLlama8b) == Counts{{"Q3_K", 129}, {"Q4_K", 92}, {"Q5_K", 4}, {"Q6_K", 1}});
  CHECK(counts(Mix::q3_k_l, kLlama8b) == Counts{{"Q3_K", 129}, {"Q5_K", 96}, {"Q6_K", 1}});
  CHECK(counts(Mix::q3_k_s, kLlama8b) == Counts{{"Q3_K", 225}, {"Q6_K", 1}});
  CHECK(counts(Mix::q2_k, kLlama8b) == Counts{{"Q2_K", 129}, {"Q3_K", 64}, {"Q4_K", 32}, {"Q6_K", 1}});
  CHECK(counts(Mix::q4_0, kLlama8b) == Counts{{"Q4_0", 225}, {"Q6_K", 1}});
  CHECK(counts(Mix::q8_0, kLlama8b) == Counts{{"Q8_0", 226}});
  CHECK(counts(Mix::f16, kLlama8b) == Counts{{"F16", 226}});
}

TEST_CASE("more bits go to the first and last eighth of the layers and to every third between") {
  const ModelFacts model{"llama", 32, 0, 4, 32, false};
  std::vector<int> down, value;
  for (int layer = 0; layer < 32; ++layer) {
    const std::string block = "blk." + std::to_string(layer) + ".";
    const std::string down_name = block + "ffn_down.weight";
    const TensorFacts down_facts{down_name, 2, 14336, Format::f16, 0};
    const std::string value_name = block + "attn_v.weight";
    const TensorFacts value_facts{value_name, 2, 4096, Format::f16, layer};
    if (choose_format(Mix::q4_k_m, false, model, down_facts).format == Format::q6_k) down.push_back(layer);
    if (choose_format(Mix::q5_k_m, false, model, value_facts).format == Format::q6_k) value.push_back(layer);
  }
  const std::vector<int> expected = {0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31};
  CHECK(down == expected);
  CHECK(value == expected);
}

TEST_CASE("rows of 896 fall back to formats with blocks of 32") {
  CHECK(counts(Mix::q4_k_m, kQwenHalfB) == Counts{{"Q5_0", 132}, {"Q8_0", 13}, {"Q4_K", 12}, {"Q6_K", 12}});
}

TEST_CASE("eight experts: attention keys and values in Q8_0, attention output a step up") {
  const Counts found = counts(Mix::q4_k_m, kMixtral);
  CHECK(found == Counts{{"Q8_0", 64}, {"Q5_K", 32}, {"Q6_K", 17}, {"Q4_K", 113}});
}

TEST_CASE("MXFP4 is for experts where there are any") {
  const ModelFacts mixture{"gpt-oss", 24, 32, 8, 24, false};
  const auto format = [&](std::string_view name, int dimensions, bool pure) {
    return choose_format(Mix::mxfp4, pure, mixture, TensorFacts{name, dimensions, 2880, Format::bf16, 0}).format;
  };
  CHECK(format("blk.3.ffn_down_exps.weight", 3, false) == Format::mxfp4);
  CHECK(format("blk.3.attn_q.weight", 2, false) == Format::q8_0);
  CHECK(format("output.weight", 2, false) == Format::q8_0);
  CHECK(format("blk.3.attn_q.weight", 2, true) == Format::mxfp4);
  CHECK(format("blk.3.ffn_gate_inp.weight", 2, false) == Format::bf16);
  CHECK(counts(Mix::mxfp4, kLlama8b) == Counts{{"MXFP4", 225}, {"Q6_K", 1}});
  CHECK(mix_from_name("mxfp4_moe") == Mix::mxfp4);
}

TEST_CASE("pure means the one format") {
  CHECK(counts(Mix::q4_k_m, kLlama8b, true) == Counts{{"Q4_K", 226}});
  CHECK(counts(Mix::q2_k, kLlama8b, true) == Counts{{"Q2_K", 226}});
}

TEST_CASE("what must stay exact keeps the format it has") {
  for (const std::string_view name : {"blk.0.ffn_gate_inp.weight", "blk.0.attn_norm.weight", "output_norm.weight",
                                      "rope_freqs.weight", "blk.3.attn_q.bias", "blk.3.attn_q_norm.weight"}) {
    CAPTURE(name);
    const int dimensions = name == "blk.0.ffn_gate_inp.weight" ? 2 : 1;
    CHECK(choose(Mix::q4_k_m, name, 2048, dimensions, Format::f32).format == Format::f32);
    CHECK(choose(Mix::q8_0, name, 2048, dimensions, Format::f16).format == Format::f16);
  }
  CHECK(choose(Mix::q4_k_m, "blk.3.attn_q.bias", 2048, 2, Format::f32).format == Format::f32);
  CHECK(choose(Mix::q4_k_m, "blk.3.attn_q.weight", 2048, 2, Format::q8_0).format == Format::q4_k);
}

TEST_CASE("a row no block divides becomes F16, and every fallback is reported") {
  CHECK(choose(Mix::q4_0, "blk.3.attn_q.weight", 48, 2, Format::f32).format == Format::f16);
  CHECK(choose(Mix::q4_0, "blk.3.attn_q.weight", 48, 2, Format::f32).fell_back);
  CHECK(choose(Mix::q2_k, "blk.3.attn_q.weight", 96, 2, Format::f32).format == Format::q4_0);
  CHECK(choose(Mix::q5_k_m, "blk.3.attn_q.weight", 96, 2, Format::f32).format == Format::q5_1);
  CHECK(choose(Mix::q6_k, "blk.3.attn_q.weight", 96, 2, Format::f32).format == Format::q8_0);
  CHECK(choose(Mix::q6_k, "blk.3.attn_q.weight", 33, 2, Format::f32).format == Format::f16);
  CHECK_FALSE(choose(Mix::q6_k, "blk.3.attn_q.weight", 512, 2, Format::f32).fell_back);
  CHECK_FALSE(choose(Mix::bf16, "blk.3.attn_q.weight", 33, 2, Format::f32).fell_back);
}

TEST_CASE("whatever is asked, the answer fits the row and can be packed") {
  std::set<std::uint32_t> file_types;
  for (std::size_t i = 0; i < mixes().size(); ++i) {
    const auto mix = static_cast<Mix>(i);
    const MixInfo& facts = mixes()[i];
    CAPTURE(facts.name);
    CHECK(file_types.insert(facts.file_type).second);
    CHECK(mix_from_name(facts.name) == mix);
    if (!facts.other_name.empty()) CHECK(mix_from_name(facts.other_name) == mix);
    for (const std::string_view name :
         {"token_embd.weight", "output.weight", "blk.0.attn_v.weight", "blk.15.ffn_down_exps.weight",
          "blk.999999999999999999999.ffn_down.weight", "blk..ffn_down.weight", "weight", ""}) {
      for (const std::int64_t row : {1, 31, 32, 96, 256, 4096}) {
        for (const int experts : {0, 8, 64}) {
          for (const std::string_view architecture : {"llama", "falcon", "qwen2", ""}) {
            const ModelFacts model{architecture, 80, experts, 8, 80, false};
            const Choice choice = choose_format(mix, false, model, TensorFacts{name, 3, row, Format::f32, 1});
            CHECK(row % info(choice.format).block_length == 0);
            CHECK(can_pack(choice.format));
          }
        }
      }
    }
  }
  CHECK(mix_from_name("q4_k_m") == Mix::q4_k_m);
  CHECK(mix_from_name("Q4_K") == Mix::q4_k_m);
  CHECK_FALSE(mix_from_name("IQ4_XS"));
  CHECK_FALSE(mix_from_name(""));
  for (int i = 0; i < kFormatCount; ++i) {  // every format that can be packed can be requested
    const auto format = static_cast<Format>(i);
    if (can_pack(format)) CHECK(mix_from_name(info(format).name).has_value());
  }
}
