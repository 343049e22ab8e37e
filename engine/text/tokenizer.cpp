// See tokenizer.hpp. Combines the steps: special tokens are cut out first, the text between them goes to the SPM or the
// BPE encoder, BOS and EOS are put around the result.
#include "engine/text/tokenizer.hpp"

#include <algorithm>
#include <new>
#include <optional>

#include "engine/base/quote.hpp"
#include "engine/text/bpe.hpp"
#include "engine/text/clean_spaces.hpp"
#include "engine/text/pieces.hpp"
#include "engine/text/pre_tokenizer.hpp"
#include "engine/text/special_tokens.hpp"
#include "engine/text/spm.hpp"
#include "engine/text/token_map.hpp"
#include "engine/text/token_roles.hpp"

namespace brim::text {
namespace {

constexpr std::size_t kMaxText = std::size_t{1} << 30;
constexpr std::size_t kMaxTokens = std::size_t{1} << 30;

std::string with_space_marks(std::string_view text, bool prefix, WorkMeter* meter) {
  std::string out;
  out.reserve(text.size() + text.size() / 2 + kSpaceMark.size());
  if (prefix) out += kSpaceMark;
  constexpr std::size_t kRange = 4096;
  for (; !text.empty() && step(meter, kRange / 16); text.remove_prefix(std::min(text.size(), kRange))) {
    for (const char c : text.substr(0, kRange)) {
      if (c == ' ') {
        out += kSpaceMark;
      } else {
        out += c;
      }
    }
  }
  return out;
}

Status check_id(const Vocabulary& vocabulary, std::int32_t id, const char* what) {
  if (id < -1 || (id >= 0 && static_cast<std::size_t>(id) >= vocabulary.tokens.size())) {
    return error(ErrorCode::bad_file, "the ", what, " token id ", id, " is not in the vocabulary of ",
                 vocabulary.tokens.size(), " tokens");
  }
  return {};
}

Status check(const Vocabulary& vocabulary) {
  const std::size_t count = vocabulary.tokens.size();
  if (count == 0 || count > kMaxTokens) return error(ErrorCode::bad_file, "the vocabulary has ", count, " tokens");
  if (!vocabulary.scores.empty() && vocabulary.scores.size() != count) {
    return error(ErrorCode::bad_file, "the vocabulary has ", count, " tokens and ", vocabulary.scores.size(),
                 " scores");
  }
  if (!vocabulary.types.empty() && vocabulary.types.size() != count) {
    return error(ErrorCode::bad_file, "the vocabulary has ", count, " tokens and ", vocabulary.types.size(),
                 " token types");
  }
  if (vocabulary.merges.size() > kMaxTokens)
    return error(ErrorCode::bad_file, "the vocabulary has ", vocabulary.merges.size(), " merges");
  BRIM_TRY(check_id(vocabulary, vocabulary.bos, "BOS"));
  BRIM_TRY(check_id(vocabulary, vocabulary.eos, "EOS"));
  BRIM_TRY(check_id(vocabulary, vocabulary.eot, "EOT"));
  BRIM_TRY(check_id(vocabulary, vocabulary.eom, "EOM"));
  BRIM_TRY(check_id(vocabulary, vocabulary.unknown, "unknown"));
  if (vocabulary.add_bos && vocabulary.bos < 0) {
    return error(ErrorCode::bad_file, "the vocabulary asks for a BOS token before each text and names none");
  }
  if (vocabulary.add_eos && vocabulary.eos < 0) {
    return error(ErrorCode::bad_file, "the vocabulary asks for an EOS token after each text and names none");
  }
  return {};
}

}  // namespace

struct Tokenizer::Parts {
  Vocabulary vocabulary;  // without tokens and merges once the other parts are made of them
  TokenRoles roles;
  SpecialTokens specials;
  Pieces pieces;
  std::optional<SpmEncoder> spm;
  std::optional<BpeEncoder> bpe;
  std::optional<PreTokenizer> words;
  bool clean_spaces = false;
  bool characters = false;  // BPE's symbols, with U+2581 for spaces

  explicit Parts(Vocabulary given)
      : vocabulary(std::move(given)),
        roles(find_roles(vocabulary)),
        specials(vocabulary, roles),
        pieces(vocabulary, roles) {}

  static TokenRoles find_roles(const Vocabulary& vocabulary) {
    TokenMap tokens(vocabulary.tokens.size());
    for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id)
      tokens.insert(vocabulary.tokens[id], static_cast<std::int32_t>(id));
    return find_token_roles(vocabulary, tokens);
  }

  // What the parts of one text share.
  struct Scratch {
    BpeEncoder::Scratch bpe;
    std::optional<PreTokenizer::Workspace> words;
  };

  Result<Scratch> make_scratch() const {
    Scratch scratch;
    if (words) {
      BRIM_ASSIGN(PreTokenizer::Workspace workspace, PreTokenizer::Workspace::create());
      scratch.words.emplace(std::move(workspace));
    }
    return scratch;
  }

  Status encode_piece(std::string_view text, bool parse_special, bool continues, Scratch& scratch, WorkMeter* meter,
                      std::vector<TokenId>& ids) const {
    for (const Fragment& fragment : specials.partition(text, parse_special, meter)) {
      if (!step(meter)) return cancelled_error();
      const std::string_view part = text.substr(fragment.begin, fragment.end - fragment.begin);
      if (fragment.token >= 0) {
        ids.push_back(fragment.token);
      } else if (spm) {
        // Text between special tokens is one fragment, so each begins the text or follows a special token.
        const bool prefix = vocabulary.add_space_prefix && !(continues && fragment.begin == 0);
        spm->encode(with_space_marks(part, prefix, meter), ids, meter);
      } else {
        const auto take = [&](std::string_view word) { bpe->encode(word, scratch.bpe, ids, meter); };
        const std::string marked = characters ? with_space_marks(part, false, meter) : std::string();
        BRIM_TRY(words->split(characters ? marked : part, *scratch.words, take, meter));
      }
    }
    if (meter != nullptr && meter->cancelled()) return cancelled_error();
    return {};
  }
};

Result<Tokenizer> Tokenizer::create(Vocabulary vocabulary) {
  BRIM_TRY(default_vocabulary(vocabulary.model, vocabulary.pre));  // refuses models and pre-tokenizers by name
  BRIM_TRY(check(vocabulary));
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    if (vocabulary.tokens[id].empty()) vocabulary.tokens[id] = sentence("[EMPTY_", id, "]");  // llama.cpp's name for it
  }
  auto parts = std::make_unique<Parts>(std::move(vocabulary));
  if (parts->vocabulary.model == "llama") {
    parts->spm.emplace(parts->vocabulary);
  } else {
    BRIM_ASSIGN(const unsigned traits, pre_tokenizer_traits(parts->vocabulary.pre));
    BRIM_ASSIGN(PreTokenizer words, PreTokenizer::create(parts->vocabulary.pre));
    parts->words.emplace(std::move(words));
    parts->bpe.emplace(parts->vocabulary, (traits & kIgnoreMerges) != 0);
    parts->clean_spaces = (traits & kCleanSpaces) != 0;
    parts->characters = (traits & kCharacters) != 0;
  }
  parts->vocabulary.tokens = {};
  parts->vocabulary.merges = {};
  return Tokenizer(std::move(parts));
}

Tokenizer::Tokenizer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Result<std::vector<TokenId>> Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  if (text.size() > kMaxText) {
    return error(ErrorCode::invalid_argument, "a text of ", text.size(), " bytes is too long to tokenize; at most ",
                 kMaxText, " are taken");
  }
  const std::size_t bytes = text.size();
  try {
    const Vocabulary& vocabulary = parts_->vocabulary;
    std::vector<TokenId> ids;
    if (options.add_special && vocabulary.add_bos) ids.push_back(vocabulary.bos);
    BRIM_ASSIGN(Parts::Scratch scratch, parts_->make_scratch());
    bool continues = options.continues;
    while (true) {
      const std::size_t cut = options.cut_at.empty() ? std::string_view::npos : text.find(options.cut_at);
      BRIM_TRY(
          parts_->encode_piece(text.substr(0, cut), options.parse_special, continues, scratch, options.meter, ids));
      if (cut == std::string_view::npos) break;
      text.remove_prefix(cut + options.cut_at.size());
      continues = true;
    }
    if (options.add_special && vocabulary.add_eos) ids.push_back(vocabulary.eos);
    return ids;
  } catch (const std::bad_alloc&) {
    return error(ErrorCode::out_of_memory, "no memory to tokenize a text of ", bytes, " bytes");
  }
}

std::vector<std::size_t> Tokenizer::control_starts(std::string_view text, WorkMeter* meter) const {
  return parts_->specials.control_starts(text, meter);
}

std::string_view Tokenizer::piece(TokenId id, bool render_special) const { return parts_->pieces(id, render_special); }

std::size_t Tokenizer::longest_piece() const { return parts_->pieces.longest(); }

std::string Tokenizer::decode(const std::vector<TokenId>& ids, bool render_special) const {
  std::string text;
  bool remove_space = parts_->vocabulary.add_space_prefix;
  for (const TokenId id : ids) {
    std::string_view piece = parts_->pieces(id, render_special);
    if (remove_space && piece.starts_with(' ')) piece.remove_prefix(1);
    remove_space = false;
    text += piece;
  }
  return parts_->clean_spaces ? clean_spaces(text) : text;
}

bool Tokenizer::ends_generation(TokenId id) const {
  const auto& ends = parts_->roles.ends_generation;
  return id >= 0 && static_cast<std::size_t>(id) < ends.size() && ends[static_cast<std::size_t>(id)];
}

bool Tokenizer::is_control(TokenId id) const {
  const auto& bits = parts_->roles.bits;
  return id >= 0 && static_cast<std::size_t>(id) < bits.size() && (bits[static_cast<std::size_t>(id)] & kControlToken);
}

const std::vector<TokenId>& Tokenizer::assumed_control() const { return parts_->roles.assumed_control; }

std::int64_t Tokenizer::size() const { return parts_->pieces.size(); }
const Vocabulary& Tokenizer::vocabulary() const { return parts_->vocabulary; }

}  // namespace brim::text
