// write_tiny_model OUT.gguf [KIND]: the tiny model as a file, for the tests that run the brim command. Kinds:
//   byte-pairs     a BPE vocabulary that names no special tokens
//   no-pre         the same, and no pre-tokenizer
//   other-towers   with tensors of an image encoder and of a block that predicts further tokens
//   output-bias    with a tensor that llama does not have
//   unknown-keys   with unknown keys of the architecture and of the tokenizer
//   one-rope       with rotary factors in one layer only
//   every-rope     with rotary factors in every layer
//   nan            a weight of its output norm is NaN, as in damaged files
//   nan-matrix     a weight of a matrix is NaN
//   large          with a tensor of 32 MiB, which takes a while to pack
#include <cstdio>
#include <exception>
#include <string>

#include "tests/support/tiny_model.hpp"

int main(int argc, char** argv) {
  brim::test::TinyModel model;
  const std::string kind = argc == 3 ? argv[2] : "";
  model.byte_pairs = kind == "byte-pairs" || kind == "no-pre";
  if (kind == "no-pre") {
    model.change = [](brim::io::GgufWriter& writer) { writer.remove("tokenizer.ggml.pre"); };
  } else if (kind == "other-towers") {
    model.further = {
        {"v.patch_embd.weight", {64, 64}, 1}, {"mm.0.weight", {64, 64}, 1}, {"blk.2.nextn.norm.weight", {64}, 1}};
  } else if (kind == "output-bias") {
    model.further = {{"output.bias", {64}, 1}};
  } else if (kind == "unknown-keys") {
    model.change = [](brim::io::GgufWriter& writer) {
      writer.set_u32("llama.magic", 7);
      writer.set_u32("tokenizer.ggml.dropout", 1);
    };
  } else if (kind == "one-rope") {
    model.further = {{"blk.1.rope_freqs.weight", {8}, 2}};
  } else if (kind == "every-rope") {
    for (const char* layer : {"0", "1", "2"})
      model.further.push_back({"blk." + std::string(layer) + ".rope_freqs.weight", {8}, 2});
  } else if (kind == "nan") {
    model.damaged = "output_norm.weight";
  } else if (kind == "nan-matrix") {
    model.damaged = "blk.1.ffn_up.weight";
  } else if (kind == "large") {
    model.further = {{"v.large.weight", {4096, 2048}, 0.5f}};
  }
  const bool known =
      argc == 2 || model.byte_pairs || !model.further.empty() || !model.damaged.empty() || kind == "unknown-keys";
  if (argc < 2 || argc > 3 || !known) {
    std::fprintf(stderr, "usage: write_tiny_model OUT.gguf KIND\n");
    return 2;
  }
  try {
    brim::test::write_tiny_model(argv[1], model);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "write_tiny_model: %s\n", failure.what());
    return 1;
  }
  return 0;
}
