// Transformed models compute what the model computes, whatever its rotary pairs, biases, norms, gates and fused matrices;
// their keys and values are others; and where a transform would change the function, it is refused.
#include "research/transforms/transform.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "research/transforms/write.hpp"
#include "tests/engine/generate/tiny.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/tiny_deepseek2.hpp"
#include "tests/support/tiny_gemma4.hpp"
#include "tests/support/tiny_recurrent.hpp"

namespace transform_test {

using namespace brim;
using research::HeadOrder;
using research::KeyOutlier;
using research::Transform;
using research::ValueOutlier;
using test::TinyModel;

constexpr std::int64_t kWidth = 64, kHead = 16;

/// Four KV heads, so that orders are not their own inverses.
TinyModel llama() {
  TinyModel tiny;
  tiny.heads = 8;
  tiny.kv_heads = 4;
  tiny.embedding = 2 * kWidth;
  return tiny;
}

/// Halves of a head are rotated together, and everything has a bias.
TinyModel with_biases() {
  TinyModel tiny;
  tiny.architecture = "qwen2";
  for (const std::string block : {"blk.0.", "blk.1.", "blk.2."}) {
    tiny.further.push_back({block + "attn_q.bias", {kWidth}, 1, true});
    tiny.further.push_back({block + "attn_k.bias", {2 * kHead}, 1, true});
    tiny.further.push_back({block + "attn_v.bias", {2 * kHead}, 1, true});
    tiny.further.push_back({block + "attn_output.bias", {kWidth}, 1, true});
  }
  return tiny;
}

/// Queries and keys are normalised head by head.
TinyModel with_norms_of_heads() {
  TinyModel tiny;
  tiny.architecture = "qwen3";
  for (const std::string block : {"blk.0.", "blk.1.", "blk.2."}) {
    tiny.further.push_back({block + "attn_q_norm.weight", {kHead}, 4, true});
    tiny.further.push_back({block + "attn_k_norm.weight", {kHead}, 4, true});
  }
  return tiny;
}

/// Queries and keys are normalised over all heads of a row.
TinyModel with_norms_of_rows() {
  TinyModel tiny;
  tiny.architecture = "olmo2";
  for (const std::string block : {"blk.0.", "blk.1.", "blk.2."}) {
    tiny.further.push_back({block + "attn_q_norm.weight", {kWidth}, 8, true});
    tiny.further.push_back({block + "attn_k_norm.weight", {2 * kHead}, 6, true});
    tiny.further.push_back({block + "post_attention_norm.weight", {kWidth}, 1});
    tiny.further.push_back({block + "post_ffw_norm.weight", {kWidth}, 1});
  }
  tiny.leaves_out = [](const std::string& name) {
    return name.ends_with(".attn_norm.weight") || name.ends_with(".ffn_norm.weight");
  };
  return tiny;
}

/// Queries, keys and values are rows of one tensor.
TinyModel with_fused_rows() {
  TinyModel tiny;
  tiny.architecture = "phi3";
  for (const std::string block : {"blk.0.", "blk.1.", "blk.2."}) {
    tiny.further.push_back({block + "attn_qkv.weight", {kWidth, 2 * kWidth}, 1, true});
    tiny.further.push_back({block + "attn_qkv.bias", {2 * kWidth}, 1, true});
    tiny.further.push_back({block + "ffn_up.weight", {kWidth, 2 * tiny.feed_forward}, 1, true});
  }
  tiny.leaves_out = [](const std::string& name) {
    const bool fused = name.ends_with("attn_q.weight") || name.ends_with("attn_k.weight");
    return fused || name.ends_with("attn_v.weight") || name.ends_with("ffn_gate.weight") ||
           name.ends_with("ffn_up.weight");
  };
  return tiny;
}

std::vector<TinyModel> all_kinds() {
  return {llama(),
          with_biases(),
          with_norms_of_heads(),
          with_norms_of_rows(),
          with_fused_rows(),
          test::tiny_recurrent("qwen35"),  // with gates beside queries
          test::tiny_recurrent("lfm2")};
}

io::Gguf opened(const std::string& path) {
  auto file = io::Gguf::open(path);
  if (!file) FAIL(file.error().sentence);
  return std::move(*file);
}

model::Config config_of(const io::Gguf& file) {
  auto config = model::read_config(file);
  if (!config) FAIL(config.error().sentence);
  return std::move(*config);
}

/// The logits after some tokens, with keys and values in F32.
struct Computed {
  std::vector<float> logits;
  explicit Computed(const std::string& path) {
    auto model = model::Model::load(path, {.threads = 2});
    if (!model) FAIL(model.error().sentence);
    const auto sequence = test::tiny_sequence(*model, {.type = "f32"});
    test::read(*sequence, test::some_ids(40));
    logits = test::logits_of(*sequence);
  }
};

/// A tiny model, and the file that its transform is written to.
struct Transformed {
  test::TinyFile before;
  io::Gguf file;
  std::string path = before.folder.path + "/transformed.gguf";

  explicit Transformed(const TinyModel& tiny) : before(tiny), file(opened(before.path)) {}
  Status write(const std::vector<Transform>& transforms) const {
    return research::write_transformed(file, transforms, path);
  }
  std::vector<float> values(const std::string& tensor) const {
    const io::Gguf written = opened(path);
    const io::Tensor* found = written.tensor(tensor);
    REQUIRE(found != nullptr);
    const auto matrix = research::unpacked(written, *found);
    REQUIRE(matrix);
    return matrix->values;
  }
};

void write(const Transformed& model, const std::vector<Transform>& transforms) {
  if (const Status status = model.write(transforms); !status) FAIL(status.error().sentence);
}

std::string refusal(const TinyModel& tiny, const Transform& transform) {
  const Transformed model(tiny);
  const Status status = model.write({transform});
  return status ? std::string("none") : status.error().sentence;
}

TEST_CASE("without a transform the model is written in F32, and without what is of other weights") {
  TinyModel tiny;
  tiny.format = quant::Format::q8_0;
  tiny.change = [](io::GgufWriter& writer) {
    writer.set_string("brim.kv.profile", "{}");
    writer.set_u32("general.file_type", 7);
  };
  const Transformed model(tiny);
  write(model, {});
  const io::Gguf written = opened(model.path);
  CHECK(written.find("brim.kv.profile") == nullptr);
  REQUIRE(written.find("general.file_type") != nullptr);
  CHECK(written.find("general.file_type")->as_integer() == 0);
  REQUIRE(written.tensors().size() == model.file.tensors().size());
  for (std::size_t i = 0; i < written.tensors().size(); ++i) {
    CHECK(written.tensors()[i].name == model.file.tensors()[i].name);
    CHECK(written.tensors()[i].format == quant::Format::f32);
    const auto before = research::unpacked(model.file, model.file.tensors()[i]);
    const auto after = research::unpacked(written, written.tensors()[i]);
    REQUIRE(before);
    REQUIRE(after);
    CHECK(before->values == after->values);
  }
}

TEST_CASE("outliers that are powers of two change no bit of the logits") {
  for (const TinyModel& tiny : all_kinds()) {
    CAPTURE(tiny.architecture);
    const Transformed model(tiny);
    const Computed expected(model.before.path);
    write(model, {KeyOutlier{{}, 1, 8}, ValueOutlier{{}, 3, 8}});
    CHECK(Computed(model.path).logits == expected.logits);
    write(model, {KeyOutlier{kv::LayerId{1}, 3, 16}, ValueOutlier{kv::LayerId{1}, 0, 0.25f}});
    CHECK(Computed(model.path).logits == expected.logits);
  }
}

TEST_CASE("other factors and other orders of KV heads change logits by rounding alone") {
  for (const TinyModel& tiny : all_kinds()) {
    CAPTURE(tiny.architecture);
    const Transformed model(tiny);
    const Computed expected(model.before.path);
    std::vector<Transform> transforms = research::random_head_orders(config_of(model.file), 7);
    write(model, transforms);
    CHECK(test::largest_difference(Computed(model.path).logits, expected.logits) < 1e-3);
    transforms.emplace_back(KeyOutlier{{}, 0, 5});
    transforms.emplace_back(ValueOutlier{{}, 2, 7});
    write(model, transforms);
    CHECK(test::largest_difference(Computed(model.path).logits, expected.logits) < 1e-3);
  }
}

TEST_CASE("a pair of the keys and a dimension of the values are larger in every KV head of the layer, and no others") {
  const Transformed model(TinyModel{});
  write(model, {});
  const std::vector<float> keys = model.values("blk.1.attn_k.weight"), values = model.values("blk.1.attn_v.weight");
  const std::vector<float> others = model.values("blk.0.attn_k.weight");
  write(model, {KeyOutlier{kv::LayerId{1}, 2, 8}, ValueOutlier{kv::LayerId{1}, 3, 4}});
  const std::vector<float> larger = model.values("blk.1.attn_k.weight");
  const std::vector<float> larger_values = model.values("blk.1.attn_v.weight");
  REQUIRE(larger.size() == keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::size_t row = i / static_cast<std::size_t>(kWidth), in_head = row % static_cast<std::size_t>(kHead);
    REQUIRE(larger[i] == keys[i] * (in_head == 4 || in_head == 5 ? 8.0f : 1.0f));  // neighbours are rotated together
    REQUIRE(larger_values[i] == values[i] * (in_head == 3 ? 4.0f : 1.0f));
  }
  CHECK(model.values("blk.0.attn_k.weight") == others);
}

TEST_CASE("norms of keys keep the outlier, in the place of the rows that they would undo") {
  const Transformed model(with_norms_of_heads());
  write(model, {});
  const std::vector<float> rows = model.values("blk.2.attn_k.weight"), norm = model.values("blk.2.attn_k_norm.weight");
  write(model, {KeyOutlier{{}, 1, 8}});
  CHECK(model.values("blk.2.attn_k.weight") == rows);
  const std::vector<float> larger = model.values("blk.2.attn_k_norm.weight");
  for (std::size_t i = 0; i < norm.size(); ++i) CHECK(larger[i] == norm[i] * (i == 1 || i == 9 ? 8.0f : 1.0f));
}

TEST_CASE("a KV head takes its rows, its queries and the columns of its outputs along") {
  const Transformed model(llama());
  write(model, {});
  const std::vector<float> keys = model.values("blk.0.attn_k.weight"), queries = model.values("blk.0.attn_q.weight");
  const std::vector<float> outputs = model.values("blk.0.attn_output.weight");
  write(model, {HeadOrder{kv::LayerId{0}, {2, 0, 3, 1}}});
  const std::size_t width = 2 * static_cast<std::size_t>(kWidth), head = static_cast<std::size_t>(kHead);
  const std::vector<float> moved = model.values("blk.0.attn_k.weight"), asking = model.values("blk.0.attn_q.weight");
  const std::vector<float> joining = model.values("blk.0.attn_output.weight");
  CHECK(moved[0] == keys[2 * head * width]);  // the first head is what the third was
  CHECK(moved[3 * head * width] == keys[head * width]);
  CHECK(asking[0] == queries[4 * head * width]);  // with both of its queries
  CHECK(asking[head * width] == queries[5 * head * width]);
  CHECK(joining[0] == outputs[4 * head]);
  CHECK(joining[width + head] == outputs[width + 5 * head]);
}

TEST_CASE("sinks of heads go with them") {
  model::Config config;
  config.attention_sinks = true;
  config.layers.emplace_back();
  config.layers[0].heads = 4;
  config.layers[0].kv_heads = 2;
  config.layers[0].key_size = config.layers[0].value_size = 8;
  research::Matrix sinks{1, 4, {1, 2, 3, 4}};
  research::apply_transform(config, HeadOrder{kv::LayerId{0}, {1, 0}}, "blk.0.attn_sinks.weight", sinks);
  CHECK(sinks.values == std::vector<float>{3, 4, 1, 2});
  research::apply_transform(config, KeyOutlier{{}, 0, 8}, "blk.0.attn_sinks.weight", sinks);
  CHECK(sinks.values == std::vector<float>{3, 4, 1, 2});
}

TEST_CASE("random orders move every head, and are the same for a seed") {
  const Transformed model(llama());
  const model::Config config = config_of(model.file);
  const auto first = research::random_head_orders(config, 3), again = research::random_head_orders(config, 3);
  REQUIRE(first.size() == 3);
  for (std::size_t i = 0; i < first.size(); ++i) {
    const auto& order = std::get<HeadOrder>(first[i]);
    CHECK(order.heads == std::get<HeadOrder>(again[i]).heads);
    REQUIRE(order.heads.size() == 4);
    for (int head = 0; head < 4; ++head) CHECK(order.heads[static_cast<std::size_t>(head)] != head);
    CHECK(research::check_transform(model.file, config, first[i]));
  }
  const Transformed hybrid(test::tiny_recurrent("lfm2"));
  CHECK(research::random_head_orders(config_of(hybrid.file), 3).size() == 1);
}

TEST_CASE("what does not exist in the model is refused, and nothing is written") {
  const TinyModel tiny;
  CHECK(refusal(tiny, KeyOutlier{kv::LayerId{3}, 0, 8}) == "expected a layer of 0 to 2, found 3");
  CHECK(refusal(tiny, KeyOutlier{{}, 8, 8}) == "layer 0: expected a pair of 0 to 7, found 8");
  CHECK(refusal(tiny, ValueOutlier{kv::LayerId{1}, -1, 8}) ==
        "layer 1: expected a dimension of values of 0 to 15, found -1");
  CHECK(refusal(tiny, ValueOutlier{{}, 0, 0}) == "expected a factor above 0 whose inverse is a number, found 0");
  CHECK(refusal(tiny, KeyOutlier{{}, 0, INFINITY}).find("expected a factor above 0") != std::string::npos);
  CHECK(refusal(tiny, HeadOrder{kv::LayerId{0}, {1, 1}}) ==
        "layer 0: expected an order of its 2 KV heads, found '1, 1'");
  const Transformed model(tiny);
  CHECK_FALSE(model.write({KeyOutlier{{}, 8, 8}}).ok());
  CHECK_FALSE(io::Gguf::open(model.path).ok());
}

TEST_CASE("models in which a transform would change the function are refused") {
  const auto refused = [](const TinyModel& tiny, const Transform& transform, const std::string& why) {
    const std::string sentence = refusal(tiny, transform);
    CAPTURE(sentence);
    CHECK(sentence.find("cannot be transformed without changing what the model computes: ") != std::string::npos);
    CHECK(sentence.find(why) != std::string::npos);
  };
  refused(test::tiny_deepseek2(), ValueOutlier{{}, 0, 8}, "in place of attention with keys and values for each head");
  refused(test::tiny_recurrent("falcon-h1"), KeyOutlier{{}, 0, 8}, "it has attention and Mamba-2 in place of");
  refused(test::tiny_recurrent("lfm2"), KeyOutlier{kv::LayerId{0}, 0, 8}, "in place of attention");
  refused(test::tiny_gemma4(), KeyOutlier{kv::LayerId{2}, 0, 8}, "other layers attend to its entries");
  refused(test::tiny_gemma4(), HeadOrder{kv::LayerId{4}, {1, 0}}, "it attends to the entries of another layer");
  refused(test::tiny_gemma4(), ValueOutlier{kv::LayerId{0}, 0, 8}, "its values are normalised");
  TinyModel inside;
  inside.architecture = "bitnet";
  refused(inside, ValueOutlier{{}, 0, 8}, "normalised before the output matrix");
  refused(inside, HeadOrder{kv::LayerId{0}, {1, 0}}, "normalised before the output matrix");
  CHECK(refusal(inside, KeyOutlier{{}, 0, 8}) == "none");
}

}  // namespace transform_test
