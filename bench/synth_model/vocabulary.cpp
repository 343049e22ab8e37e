// See vocabulary.hpp.
#include "bench/synth_model/vocabulary.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>

namespace brim::bench {
namespace {

/// Words that get a token with a space before them (the merges also create tokens for many beginnings of other words).
constexpr std::string_view kWords =
    "the of and to in a is that it was for on are as with his they at be this from have or by one had not but what all "
    "were when we there can an your which their said if do will each about how up out them then she many some so these "
    "would other into has more her two like him see time could no make than first been its who now people my made over "
    "did down only way find use may water long little very after words called just where most know get through back "
    "much before go good new write our used me man too any day same right look think also around another came come "
    "work "
    "three word must because does part even place well such here take why things help put years different away again "
    "off "
    "went old number great tell men say small every found still between name should home big give air line set own "
    "under "
    "read last never us left end along while might next sound below saw something thought both few those always looked "
    "show large often together asked house world going want school important until form food keep children feet land "
    "side "
    "without boy once animals life enough took sometimes four head above kind began almost live page got earth need "
    "far "
    "hand high year mother light parts country father let night following picture being study second eyes soon times "
    "story";

struct Family {
  std::string_view pre_tokenizer;
  bool add_bos;
  std::string_view bos, eos;
  std::vector<std::string_view> specials;
  std::string_view chat_template;
};

constexpr std::string_view kChatMl =
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
constexpr std::string_view kLlama3Chat =
    "{{ bos_token }}{% for message in messages %}<|start_header_id|>{{ message['role'] }}<|end_header_id|>\n\n"
    "{{ message['content'] }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}";

Family facts_of(VocabularyFamily family) {
  switch (family) {
    case VocabularyFamily::llama3:
      return {"llama-bpe",
              true,
              "<|begin_of_text|>",
              "<|eot_id|>",
              {"<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"},
              kLlama3Chat};
    case VocabularyFamily::qwen:
      return {"qwen2", false, "<|endoftext|>", "<|im_end|>", {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}, kChatMl};
    default:
      return {"smollm", false, "<|im_start|>", "<|im_end|>", {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}, kChatMl};
  }
}

/// A code point below U+0800 as UTF-8.
std::string utf8(unsigned code_point) {
  if (code_point < 0x80) return std::string(1, static_cast<char>(code_point));
  return {static_cast<char>(0xC0 | code_point >> 6), static_cast<char>(0x80 | (code_point & 63))};
}

/// The character that stands for each byte in byte-level BPE: printable Latin-1 stands for itself, the rest is mapped
/// from U+0100 on.
std::array<std::string, 256> byte_letters() {
  std::array<std::string, 256> letters;
  unsigned next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
    letters[byte] = utf8(printable ? byte : next++);
  }
  return letters;
}

/// The tokens before padding and special tokens, and the merges that lead to them: a word grows letter by letter from
/// its left.
SynthVocabulary base_vocabulary() {
  const std::array<std::string, 256> letters = byte_letters();
  SynthVocabulary base;
  std::unordered_set<std::string> known;
  for (const std::string& letter : letters) {
    base.tokens.push_back(letter);
    known.insert(letter);
  }
  for (std::size_t begin = 0; begin < kWords.size();) {
    const std::size_t end = std::min(kWords.find(' ', begin), kWords.size());
    std::string left = letters[' '];
    for (const char character : kWords.substr(begin, end - begin)) {
      const std::string& letter = letters[static_cast<unsigned char>(character)];
      if (known.insert(left + letter).second) {
        base.merges.push_back(left + " " + letter);
        base.tokens.push_back(left + letter);
      }
      left += letter;
    }
    begin = end + 1;
  }
  base.types.assign(base.tokens.size(), 1);
  return base;
}

}  // namespace

int smallest_vocabulary(VocabularyFamily family) {
  return static_cast<int>(base_vocabulary().tokens.size() + facts_of(family).specials.size());
}

Result<SynthVocabulary> make_vocabulary(VocabularyFamily family, int size) {
  SynthVocabulary vocabulary = base_vocabulary();
  const Family facts = facts_of(family);
  const int unpadded = smallest_vocabulary(family);
  if (size < unpadded)
    return error(ErrorCode::invalid_argument, "a vocabulary of ", size, " tokens is too small: at least ", unpadded);
  for (int i = unpadded; i < size; ++i) {
    vocabulary.tokens.push_back("[unused" + std::to_string(i - unpadded) + "]");
    vocabulary.types.push_back(1);
  }
  vocabulary.specials = static_cast<int>(facts.specials.size());
  for (const std::string_view special : facts.specials) {
    if (special == facts.bos) vocabulary.bos = static_cast<std::uint32_t>(vocabulary.tokens.size());
    if (special == facts.eos) vocabulary.eos = static_cast<std::uint32_t>(vocabulary.tokens.size());
    vocabulary.tokens.emplace_back(special);
    vocabulary.types.push_back(3);
  }
  return vocabulary;
}

void describe_vocabulary(const SynthVocabulary& vocabulary, VocabularyFamily family, io::GgufWriter& writer) {
  const Family facts = facts_of(family);
  writer.set_string("tokenizer.ggml.model", "gpt2");
  writer.set_string("tokenizer.ggml.pre", facts.pre_tokenizer);
  writer.set_strings("tokenizer.ggml.tokens", vocabulary.tokens);
  writer.set_i32s("tokenizer.ggml.token_type", vocabulary.types);
  writer.set_strings("tokenizer.ggml.merges", vocabulary.merges);
  writer.set_u32("tokenizer.ggml.bos_token_id", vocabulary.bos);
  writer.set_u32("tokenizer.ggml.eos_token_id", vocabulary.eos);
  writer.set_bool("tokenizer.ggml.add_bos_token", facts.add_bos);
  writer.set_string("tokenizer.chat_template", facts.chat_template);
}

}  // namespace brim::bench
