// See tiny_model.hpp.
#include "tests/support/tiny_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>
#include <span>
#include <stdexcept>
#include <vector>

#include "engine/io/gguf_writer.hpp"
#include "engine/text/byte_alphabet.hpp"
#include "engine/text/unicode.hpp"
#include "quant/row.hpp"

namespace brim::test {
namespace {

constexpr const char* kSpace = "\xE2\x96\x81";  // U+2581, SPM's space

struct Words {
  std::vector<std::string> tokens{"<unk>", "<s>", "</s>"};
  std::vector<float> scores{0, 0, 0};
  std::vector<std::int32_t> types{2, 3, 3};

  void add(const std::string& token, std::int32_t type) {
    scores.push_back(type == 6 ? 0.0f : -static_cast<float>(tokens.size()));
    tokens.push_back(token);
    types.push_back(type);
  }
};

Words vocabulary() {
  Words words;
  for (int byte = 0; byte < 256; ++byte) {
    char text[8];
    std::snprintf(text, sizeof text, "<0x%02X>", static_cast<unsigned>(byte));
    words.add(text, 6);
  }
  words.add(kSpace, 1);
  for (int c = 33; c < 127; ++c) words.add(std::string(1, static_cast<char>(c)), 1);
  for (const char* pair :
       {"th", "he", "in", "er", "an", "on", "at", "en", "nd", "ti", "es", "or", "te", "of", "ed", "is"}) {
    words.add(pair, 1);
    words.add(std::string(kSpace) + pair, 1);
  }
  for (const char* word : {"the", "and", "was", "dog", "cat", "sun"}) words.add(std::string(kSpace) + word, 1);
  return words;
}

Words byte_pair_vocabulary() {
  Words words{{}, {}, {}};
  for (int byte = 0; byte < 256; ++byte) {
    const int shown = byte == 11 ? ',' : byte == ',' ? 11 : byte;
    std::string text;
    text::append_utf8(text::byte_to_character(static_cast<unsigned char>(shown)), text);
    words.add(text, 1);
  }
  words.add("th", 1);
  words.add("<|im_end|>", 1);
  words.add("<|start|>", 3);
  return words;
}

void set_vocabulary(io::GgufWriter& writer, const TinyModel& model, const Words& words) {
  writer.set_strings("tokenizer.ggml.tokens", words.tokens);
  writer.set_i32s("tokenizer.ggml.token_type", words.types);
  if (model.byte_pairs) {
    writer.set_string("tokenizer.ggml.model", "gpt2");
    writer.set_string("tokenizer.ggml.pre", "llama-bpe");  // this pre-tokenizer adds BOS if there is one
    writer.set_strings("tokenizer.ggml.merges", std::vector<std::string>{"t h"});
    return;
  }
  writer.set_string("tokenizer.ggml.model", "llama");
  writer.set_f32s("tokenizer.ggml.scores", words.scores);
  writer.set_u32("tokenizer.ggml.bos_token_id", 1);
  writer.set_u32("tokenizer.ggml.eos_token_id", 2);
  writer.set_u32("tokenizer.ggml.unknown_token_id", 0);
  writer.set_bool("tokenizer.ggml.add_bos_token", true);
}

// NaN in place of the number that packing would write: an F32 value, or the scale at the beginning of a Q8_0 block.
void damage(quant::Format format, std::span<std::byte> packed) {
  constexpr std::uint32_t kFloat = 0x7FC00000;
  constexpr std::uint16_t kHalf = 0x7E00;
  if (format == quant::Format::f32) {
    std::memcpy(packed.data(), &kFloat, sizeof kFloat);
  } else {
    std::memcpy(packed.data(), &kHalf, sizeof kHalf);
  }
}

// Uniform with unit-variance products of rows of `cols` values; mt19937's numbers are the same everywhere,
// distributions' are not.
void fill_at_random(std::vector<float>& values, std::int64_t cols, std::mt19937& random) {
  const float scale = 1.7f / std::sqrt(static_cast<float>(cols));
  for (float& value : values) value = (static_cast<float>(random()) / 2147483648.0f - 1.0f) * scale;
}

void check(const Status& status) {
  if (!status) throw std::runtime_error(status.error().sentence);
}

}  // namespace

void write_tiny_model(const std::string& path, const TinyModel& model) {
  Words words = model.byte_pairs ? byte_pair_vocabulary() : vocabulary();
  if (model.long_token > 0) words.add(std::string(model.long_token, 'z'), 1);
  const std::int64_t head_size = model.embedding / model.heads;
  io::GgufWriter writer;
  writer.set_string("general.architecture", model.architecture);
  writer.set_string("general.name", "tiny");
  const std::string prefix = model.architecture + ".";
  writer.set_u32(prefix + "context_length", static_cast<std::uint32_t>(model.context));
  writer.set_u32(prefix + "embedding_length", static_cast<std::uint32_t>(model.embedding));
  writer.set_u32(prefix + "block_count", static_cast<std::uint32_t>(model.layers));
  writer.set_u32(prefix + "feed_forward_length", static_cast<std::uint32_t>(model.feed_forward));
  writer.set_u32(prefix + "attention.head_count", static_cast<std::uint32_t>(model.heads));
  writer.set_u32(prefix + "attention.head_count_kv", static_cast<std::uint32_t>(model.kv_heads));
  writer.set_f32(prefix + "attention.layer_norm_rms_epsilon", 1e-5f);
  writer.set_f32(prefix + "rope.freq_base", 10000.0f);
  if (model.window > 0) writer.set_u32(prefix + "attention.sliding_window", static_cast<std::uint32_t>(model.window));
  set_vocabulary(writer, model, words);
  if (!model.chat_template.empty()) writer.set_string("tokenizer.chat_template", model.chat_template);
  if (model.change) model.change(writer);

  struct Shape {
    std::string name;
    std::int64_t cols, rows;  // rows 0: a vector of ones
  };
  std::vector<Shape> shapes{{"token_embd.weight", model.embedding, static_cast<std::int64_t>(words.tokens.size())},
                            {"output_norm.weight", model.embedding, 0}};
  for (std::int64_t layer = 0; layer < model.layers; ++layer) {
    const std::string block = "blk." + std::to_string(layer) + ".";
    shapes.push_back({block + "attn_norm.weight", model.embedding, 0});
    shapes.push_back({block + "attn_q.weight", model.embedding, model.embedding});
    shapes.push_back({block + "attn_k.weight", model.embedding, model.kv_heads * head_size});
    shapes.push_back({block + "attn_v.weight", model.embedding, model.kv_heads * head_size});
    shapes.push_back({block + "attn_output.weight", model.embedding, model.embedding});
    shapes.push_back({block + "ffn_norm.weight", model.embedding, 0});
    shapes.push_back({block + "ffn_gate.weight", model.embedding, model.feed_forward});
    shapes.push_back({block + "ffn_up.weight", model.embedding, model.feed_forward});
    shapes.push_back({block + "ffn_down.weight", model.feed_forward, model.embedding});
  }
  if (model.leaves_out) std::erase_if(shapes, [&](const Shape& shape) { return model.leaves_out(shape.name); });
  for (const Shape& shape : shapes) {
    const std::int64_t dimensions[] = {shape.cols, shape.rows};
    writer.add_tensor(shape.name, shape.rows == 0 ? quant::Format::f32 : model.format,
                      {dimensions, shape.rows == 0 ? std::size_t{1} : std::size_t{2}});
  }
  for (const TinyModel::Tensor& tensor : model.further)
    writer.add_tensor(tensor.name, quant::Format::f32, tensor.shape);
  check(writer.begin(path));
  std::mt19937 random(model.seed);
  for (const Shape& shape : shapes) {
    const quant::Format format = shape.rows == 0 ? quant::Format::f32 : model.format;
    std::vector<float> row(static_cast<std::size_t>(shape.cols), 1.0f);
    std::vector<std::byte> packed(quant::row_bytes(format, shape.cols));
    for (std::int64_t r = 0; r < std::max<std::int64_t>(1, shape.rows); ++r) {
      if (shape.rows > 0) fill_at_random(row, shape.cols, random);
      quant::pack_row(format, row.data(), packed.data(), shape.cols);
      if (r == 0 && shape.name == model.damaged) damage(format, packed);
      check(writer.write_piece(packed));
    }
  }
  for (const TinyModel::Tensor& tensor : model.further) {
    std::int64_t values = 1;
    for (const std::int64_t size : tensor.shape) values *= size;
    std::vector<float> data(static_cast<std::size_t>(values), tensor.value);
    if (tensor.random) {
      fill_at_random(data, tensor.shape[0], random);
      for (float& value : data) value *= tensor.value;
    }
    check(writer.write(std::as_bytes(std::span(data))));
  }
  check(writer.finish());
}

}  // namespace brim::test
