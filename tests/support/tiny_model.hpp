// A tiny llama with random weights and a real vocabulary, written by the tests themselves, so that a clone without any
// model can test everything but quality.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/io/gguf_writer.hpp"
#include "quant/format.hpp"

namespace brim::test {

struct TinyModel {
  std::string architecture = "llama";  ///< of another one, `further` and `leaves_out` have to give the tensors
  std::int64_t embedding = 64;
  std::int64_t layers = 3;
  std::int64_t heads = 4;
  std::int64_t kv_heads = 2;
  std::int64_t feed_forward = 96;
  std::int64_t context = 256;
  std::int64_t window = 0;  ///< 0: none
  quant::Format format = quant::Format::f32;
  std::string chat_template;  ///< empty: none
  std::uint32_t seed = 1;
  std::string damaged;         ///< the tensor whose first value (or block) is NaN; empty: none
  std::size_t long_token = 0;  ///< bytes of a last token, which repeats the letter z; 0: none
  /// A byte-level BPE vocabulary that names no special id: ids 0 to 255 are the bytes, with the comma as 11 (and byte 11 as
  /// 44), then "th", "<|im_end|>" (a normal token) and "<|start|>" (a control token).
  bool byte_pairs = false;
  /// Further changes to the metadata, after all keys are set.
  std::function<void(io::GgufWriter&)> change{};
  /// Further tensors, F32, all values `value`, or random ones as those of the other matrices are, times `value`.
  struct Tensor {
    std::string name;
    std::vector<std::int64_t> shape;
    float value = 0;
    bool random = false;
  };
  std::vector<Tensor> further{};
  /// Tensors that are not written; if empty, all are written.
  std::function<bool(const std::string& name)> leaves_out{};
};

/// The ids of its vocabulary: 0 <unk>, 1 <s>, 2 </s>, then 256 byte tokens, then printable characters and a few words.
/// The file is about 400 KiB with the defaults. Throws std::runtime_error when it cannot be written.
void write_tiny_model(const std::string& path, const TinyModel& model);

}  // namespace brim::test
