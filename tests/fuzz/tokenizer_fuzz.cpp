// Any text through any kind of tokenizer, and any vocabulary as a tokenizer: nothing may crash, every id must be a
// token, and text that is UTF-8 must come back from vocabularies that have all bytes.
// Input: a byte that chooses SPM or a pre-tokenizer, a byte of flags, then either the text, or (flag 8) lines of tokens
// (type digit, text), an empty line, lines of merges, an empty line, and the text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "engine/text/byte_alphabet.hpp"
#include "engine/text/stream_decoder.hpp"
#include "engine/text/tokenizer.hpp"
#include "engine/text/unicode.hpp"

namespace {

using namespace brim::text;
using brim::TokenId;

constexpr const char* kPreTokenizers[] = {
#define PRE_TOKENIZER(name, split, traits) name,
#include "engine/text/pre_tokenizers.def"
};

void add(Vocabulary& vocabulary, std::string token, TokenType type) {
  vocabulary.tokens.push_back(std::move(token));
  vocabulary.types.push_back(type);
  vocabulary.scores.push_back(-static_cast<float>(vocabulary.tokens.size()));
}

// Choice 0 is SPM, the others are the pre-tokenizers in their list's order, of which one is a model of its own.
Vocabulary empty_vocabulary(std::size_t choice) {
  const std::string_view name = choice == 0 ? "llama" : kPreTokenizers[choice - 1];
  const bool model = choice == 0 || name == "gemma4";
  return model ? default_vocabulary(name, "").value() : default_vocabulary("gpt2", name).value();
}

Vocabulary known_vocabulary(std::size_t choice) {
  Vocabulary vocabulary = empty_vocabulary(choice);
  const bool characters = vocabulary.model != "gpt2";
  add(vocabulary, "<unk>", TokenType::unknown);
  add(vocabulary, "<s>", TokenType::control);
  add(vocabulary, "</s>", TokenType::control);
  add(vocabulary, "[n]", TokenType::user_defined);
  add(vocabulary, "  ", TokenType::user_defined);
  for (int byte = 0; byte < 256; ++byte) {
    std::string token;
    if (characters) {
      constexpr char kDigits[] = "0123456789ABCDEF";
      token = std::string("<0x") + kDigits[byte / 16] + kDigits[byte % 16] + ">";
    } else {
      append_utf8(byte_to_character(static_cast<unsigned char>(byte)), token);
    }
    add(vocabulary, token, characters ? TokenType::byte : TokenType::normal);
  }
  for (const char* word : {"\u2581", "\u2581a", "ab", "aba", "aa", "aaaa", "\u2581\u2581", "'s", "12"}) {
    add(vocabulary, word, TokenType::normal);
  }
  vocabulary.merges = {"a b", "a a", "aa aa", "ab a", "' s", "1 2", "Ġ a", "Ã ©"};
  vocabulary.bos = 1;
  vocabulary.eos = 2;
  return vocabulary;
}

const Tokenizer& known_tokenizer(std::size_t choice) {
  static std::map<std::size_t, Tokenizer> made;
  auto found = made.find(choice);
  if (found == made.end()) found = made.emplace(choice, Tokenizer::create(known_vocabulary(choice)).value()).first;
  return found->second;
}

std::string_view take_line(std::string_view& rest) {
  const std::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(line.size() < rest.size() ? line.size() + 1 : line.size());
  return line;
}

bool is_utf8(std::string_view text) {
  for (std::size_t offset = 0; offset < text.size();) {
    const Utf8Unit unit = read_utf8(text, offset);
    if (unit.kind != Utf8Unit::Kind::character) return false;
    offset += unit.length;
  }
  return true;
}

void require(bool condition) {
  if (!condition) std::abort();
}

void exercise(const Tokenizer& tokenizer, std::string_view text, unsigned flags, bool has_all_bytes) {
  const auto ids = tokenizer.encode(text, {.add_special = (flags & 1) != 0, .parse_special = (flags & 2) != 0});
  require(ids.ok());
  std::string pieces, streamed;
  StreamDecoder stream;
  for (const TokenId id : *ids) {
    require(id >= 0 && id < tokenizer.size());
    pieces += tokenizer.piece(id, true);
    stream.push(tokenizer.piece(id, true), streamed);
    tokenizer.ends_generation(id);
  }
  stream.flush(streamed);
  require(is_utf8(streamed));
  require(streamed == pieces || !is_utf8(pieces));
  tokenizer.decode(*ids, (flags & 4) != 0);
  if (!has_all_bytes || (flags & 3) != 0 || !is_utf8(text)) return;
  require(pieces == text || (tokenizer.vocabulary().model != "gpt2" && text.find("\u2581") != text.npos) ||
          pieces == " " + std::string(text) || (text.find("[n]") != text.npos || text.find("  ") != text.npos));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t choice = data[0] % (std::size(kPreTokenizers) + 1);
  const unsigned flags = data[1];
  std::string_view rest(reinterpret_cast<const char*>(data + 2), size - 2);
  if (!(flags & 8)) {
    exercise(known_tokenizer(choice), rest, flags, true);
    return 0;
  }
  Vocabulary vocabulary = empty_vocabulary(choice);
  vocabulary.name = flags & 16 ? "phi-3" : "";
  for (std::string_view line; !(line = take_line(rest)).empty();) {
    const int type = line[0] >= '0' && line[0] <= '6' ? line[0] - '0' : 1;
    add(vocabulary, std::string(line.substr(1)), static_cast<TokenType>(type));
  }
  for (std::string_view line; !(line = take_line(rest)).empty();) vocabulary.merges.emplace_back(line);
  vocabulary.add_bos = vocabulary.add_eos = false;
  vocabulary.bos = vocabulary.eos = vocabulary.unknown = vocabulary.tokens.empty() ? -1 : 0;
  const auto tokenizer = Tokenizer::create(std::move(vocabulary));
  if (tokenizer) exercise(*tokenizer, rest, flags, false);
  return 0;
}
