// See vocabulary.hpp.
#include "engine/text/vocabulary.hpp"

#include "engine/base/quote.hpp"
#include "engine/text/pre_tokenizer.hpp"

namespace brim::text {
namespace {

struct UnsupportedModel {
  std::string_view name, description;
};

constexpr UnsupportedModel kUnsupportedModels[] = {
    {"bert", "WordPiece"},
    {"t5", "unigram"},
    {"rwkv", "RWKV's"},
    {"plamo2", "PLaMo 2's"},
    {"none", "a model without vocabulary"},
    {"no_vocab", "a model without vocabulary"},
};

}  // namespace

Result<Vocabulary> default_vocabulary(std::string_view model, std::string_view pre) {
  Vocabulary vocabulary;
  vocabulary.model = model;
  vocabulary.pre = pre;
  if (model == "llama") {
    vocabulary.bos = 1;
    vocabulary.eos = 2;
    vocabulary.unknown = 0;
    vocabulary.add_bos = true;
    return vocabulary;
  }
  if (model == "gpt2") {
    BRIM_ASSIGN(const unsigned traits, pre_tokenizer_traits(pre));
    if ((traits & kCharacters) != 0) {
      return error(ErrorCode::unsupported, "the pre-tokenizer ", quoted(pre),
                   " (tokenizer.ggml.pre) does not go with byte-level BPE (tokenizer.ggml.model is gpt2)");
    }
    vocabulary.add_bos = (traits & kAddBos) != 0;
    vocabulary.add_space_prefix = false;
    return vocabulary;
  }
  if (model == "gemma4") {
    vocabulary.pre = "gemma4";
    vocabulary.bos = 2;
    vocabulary.eos = 1;
    vocabulary.unknown = 3;
    vocabulary.padding = 0;
    vocabulary.add_bos = true;
    vocabulary.add_space_prefix = false;
    return vocabulary;
  }
  std::string kind;
  for (const UnsupportedModel& unsupported : kUnsupportedModels) {
    if (model == unsupported.name) kind = sentence(" (", unsupported.description, ")");
  }
  return error(
      ErrorCode::unsupported, "the tokenizer model ", quoted(model), kind,
      " (tokenizer.ggml.model) is not supported; known are llama (SPM), gpt2 (byte-level BPE) and gemma4 (BPE of "
      "characters)");
}

}  // namespace brim::text
