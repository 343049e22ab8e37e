#include "engine/text/vocabulary.hpp"

#include <doctest/doctest.h>

namespace {

using brim::text::default_vocabulary;
using brim::text::Vocabulary;

TEST_CASE("what a kind of tokenizer is when its file says nothing") {
  const Vocabulary spm = default_vocabulary("llama", "").value();
  CHECK(spm.bos == 1);
  CHECK(spm.eos == 2);
  CHECK(spm.unknown == 0);
  CHECK(spm.add_bos);
  CHECK_FALSE(spm.add_eos);
  CHECK(spm.add_space_prefix);

  const Vocabulary bpe = default_vocabulary("gpt2", "qwen2").value();
  CHECK(bpe.bos == -1);
  CHECK(bpe.eos == -1);
  CHECK_FALSE((bpe.names_bos || bpe.names_eos || spm.names_bos || spm.names_eos));
  CHECK_FALSE(bpe.add_bos);
  CHECK_FALSE(bpe.add_space_prefix);
}

TEST_CASE("pre-tokenizers that add BOS") {
  for (const char* pre : {"llama-bpe", "llama3", "falcon3", "tekken"})
    CHECK(default_vocabulary("gpt2", pre).value().add_bos);
  for (const char* pre : {"", "default", "smaug-bpe", "gpt-4o", "smollm", "refact"})
    CHECK_FALSE(default_vocabulary("gpt2", pre).value().add_bos);
}

TEST_CASE("others are refused by name") {
  for (const char* model : {"", "bert", "t5", "rwkv", "plamo2", "none", "LLAMA"}) {
    const auto refused = default_vocabulary(model, "");
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == brim::ErrorCode::unsupported);
    CHECK(refused.error().sentence.find("'" + std::string(model) + "'") != std::string::npos);
  }
  CHECK(default_vocabulary("llama", "made-up").ok());  // SPM has no pre-tokenizer
  CHECK_FALSE(default_vocabulary("gpt2", "made-up").ok());
}

}  // namespace
