// The rules of the mixes compared with files that llama.cpp quantised.
#include "quant/mix.hpp"

#include <doctest/doctest.h>

#include <string>

#include "engine/io/gguf.hpp"
#include "tests/support/shared_data.hpp"

TEST_CASE("stories3M gets the formats that llama.cpp gave it") {
  using namespace brim::quant;
  for (const std::string name : {"q4_0", "q4_k_m"}) {
    CAPTURE(name);
    const std::string path = brim::test::shared_file("models/stories3M-" + name + ".gguf");
    if (path.empty()) return;
    const auto file = brim::io::Gguf::open(path);
    REQUIRE(file);
    const Mix mix = mix_from_name(name).value();
    CHECK(file->integer("general.file_type", {}, 0, 100).value() ==
          static_cast<int>(mixes()[static_cast<std::size_t>(mix)].file_type));

    ModelFacts model;
    model.architecture = "llama";
    model.layer_count = static_cast<int>(file->integer("llama.block_count", {}, 1, 1000).value());
    model.attention_value_count = model.layer_count;
    model.heads_per_kv_head = 2;
    model.tied_output = file->tensor("output.weight") == nullptr;
    int matrices = 0;
    for (const brim::io::Tensor& tensor : file->tensors()) {
      if (tensor.dimensions < 2) continue;
      const std::string tensor_name(tensor.name);
      CAPTURE(tensor_name);
      const int index = tensor_name.starts_with("blk.") ? std::stoi(tensor_name.substr(4)) : 0;
      const TensorFacts facts{tensor.name, tensor.dimensions, tensor.shape[0], Format::f32, index};
      CHECK(info(choose_format(mix, false, model, facts).format).name == info(tensor.format).name);
      ++matrices;
    }
    CHECK(matrices == 43);
  }
}
