// The work of a token, counted by hand for small models: a tied llama, one with its own output matrix, one with
// experts.
#include "engine/model/token_work.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "quant/row.hpp"
#include "tests/support/reopened_gguf.hpp"

using namespace brim;

namespace {

using Tensors = std::vector<std::pair<std::string, std::vector<std::int64_t>>>;

model::TokenWork work_of(const Tensors& tensors, quant::Format format, const model::Config& config) {
  io::GgufWriter writer;
  writer.set_string("general.architecture", "llama");
  std::vector<std::size_t> sizes;
  for (const auto& [name, shape] : tensors) {
    const quant::Format each = shape.size() > 1 ? format : quant::Format::f32;
    std::size_t rows = 1;
    for (std::size_t i = 1; i < shape.size(); ++i) rows *= static_cast<std::size_t>(shape[i]);
    writer.add_tensor(name, each, shape);
    sizes.push_back(quant::row_bytes(each, shape[0]) * rows);
  }
  const auto file = test::reopened_gguf(writer, sizes);
  if (!file) FAIL(file.error().sentence);
  return model::token_work(*file, config);
}

}  // namespace

TEST_CASE("a tied model multiplies its embedding as the output") {
  const Tensors tensors = {{"token_embd.weight", {64, 300}},
                           {"output_norm.weight", {64}},
                           {"blk.0.attn_q.weight", {64, 64}},
                           {"blk.0.attn_norm.weight", {64}},
                           {"blk.0.ffn_up.weight", {64, 96}}};
  const model::TokenWork work = work_of(tensors, quant::Format::q8_0, {});
  CHECK(work.layer_weights == 64 * 64 + 64 * 96);
  CHECK(work.output_weights == 64 * 300);
  CHECK(work.bytes == (64 + 96 + 300) * 2 * 34);
}

TEST_CASE("an embedding beside an output is looked up, not multiplied") {
  const Tensors tensors = {
      {"token_embd.weight", {64, 300}}, {"output.weight", {64, 300}}, {"blk.0.ffn_up.weight", {64, 96}}};
  const model::TokenWork work = work_of(tensors, quant::Format::f16, {});
  CHECK(work.output_weights == 64 * 300);
  CHECK(work.bytes == 2 * 64 * (300 + 96));
}

TEST_CASE("of experts only those in use count") {
  model::Config config;
  config.experts = 8;
  config.experts_used = 2;
  const Tensors tensors = {{"token_embd.weight", {64, 300}},
                           {"blk.0.ffn_gate_inp.weight", {64, 8}},
                           {"blk.0.ffn_up_exps.weight", {64, 32, 8}}};
  const model::TokenWork work = work_of(tensors, quant::Format::f32, config);
  CHECK(work.layer_weights == 64 * 8 + 64 * 32 * 2);
  CHECK(work.bytes == 4 * (work.layer_weights + 64 * 300));
}
