// See token_roles.hpp.
#include "engine/text/token_roles.hpp"

#include <algorithm>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace brim::text {
namespace {

constexpr std::string_view kEndTexts[] = {
    "<|eot_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|flush|>",
    "<|calls|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "</s>",
    "<|eom_id|>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "<|end_of_text|>",
    "<end_of_utterance>",
    "<eos>",
    "<turn|>",
    "<|tool_response>",
    "<｜end▁of▁sentence｜>",
    "[e~[",
};

constexpr std::string_view kFimPrefixTexts[] = {"<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>",    "<｜fim▁begin｜>",
                                                "<PRE>",          "▁<PRE>",       "<|code_prefix|>", "<|prefix|>"};
constexpr std::string_view kFimSuffixTexts[] = {"<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>",    "<｜fim▁hole｜>",
                                                "<SUF>",          "▁<SUF>",       "<|code_suffix|>", "<|suffix|>"};
constexpr std::string_view kFimMiddleTexts[] = {"<|fim_middle|>", "<fim-middle>", "<fim_middle>",    "<｜fim▁end｜>",
                                                "<MID>",          "▁<MID>",       "<|code_middle|>", "<|middle|>"};
constexpr std::string_view kFimPaddingTexts[] = {"<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"};
constexpr std::string_view kFimRepositoryTexts[] = {"<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>",
                                                    "<reponame>"};
constexpr std::string_view kFimSeparatorTexts[] = {"<|file_sep|>"};

// The channel markers of gpt-oss ("harmony") are shown although its files call them control tokens.
constexpr std::string_view kAlwaysShownTexts[] = {"<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"};

std::uint8_t bits_of_type(TokenType type) {
  switch (type) {
    case TokenType::normal:
      return kNormalToken;
    case TokenType::unknown:
      return kUnknownToken;
    case TokenType::control:
      return kControlToken;
    case TokenType::user_defined:
      return kUserDefinedToken;
    case TokenType::byte:
      return kByteToken;
    case TokenType::undefined:
    case TokenType::unused:
      break;
  }
  return 0;
}

class RoleFinder {
 public:
  RoleFinder(const Vocabulary& vocabulary, const TokenMap& tokens) : vocabulary_(vocabulary), tokens_(tokens) {
    const std::size_t count = vocabulary.tokens.size();
    roles_.bits.assign(count, kNormalToken);
    roles_.ends_generation.assign(count, false);
    for (std::size_t id = 0; id < std::min(count, vocabulary.types.size()); ++id) {
      roles_.bits[id] = bits_of_type(vocabulary.types[id]);
    }
  }

  TokenRoles find() {
    fill_in_the_middle(vocabulary_.fim_prefix, kFimPrefixTexts, false);
    fill_in_the_middle(vocabulary_.fim_suffix, kFimSuffixTexts, false);
    fill_in_the_middle(vocabulary_.fim_middle, kFimMiddleTexts, false);
    fill_in_the_middle(vocabulary_.fim_padding, kFimPaddingTexts, true);
    fill_in_the_middle(vocabulary_.fim_repository, kFimRepositoryTexts, true);
    fill_in_the_middle(vocabulary_.fim_separator, kFimSeparatorTexts, true);
    for (const std::string_view text : kEndTexts) {
      const std::int32_t id = tokens_.find(text);
      end(id);
      add(id, kControlToken);
    }
    for (const std::string_view text : kAlwaysShownTexts) set(tokens_.find(text), kUserDefinedToken);
    if (vocabulary_.names_eos) end(vocabulary_.eos);
    for (const std::int32_t id : {vocabulary_.eot, vocabulary_.eom}) end(id);
    for (const std::int32_t id : vocabulary_.end_of_generation) end(id);
    except_known_false_ends();
    strip_for_phi3();
    list_assumed_control();
    return std::move(roles_);
  }

 private:
  bool exists(std::int32_t id) const { return id >= 0 && static_cast<std::size_t>(id) < roles_.bits.size(); }
  void set(std::int32_t id, std::uint8_t bits) {
    if (exists(id)) roles_.bits[static_cast<std::size_t>(id)] = bits;
  }
  void add(std::int32_t id, std::uint8_t bits) {
    if (exists(id)) roles_.bits[static_cast<std::size_t>(id)] |= bits;
  }
  void remove(std::int32_t id, std::uint8_t bits) {
    if (exists(id)) roles_.bits[static_cast<std::size_t>(id)] &= static_cast<std::uint8_t>(~bits);
  }
  void end(std::int32_t id, bool value = true) {
    if (exists(id)) roles_.ends_generation[static_cast<std::size_t>(id)] = value;
  }
  bool ends(std::string_view text) const {
    const std::int32_t id = tokens_.find(text);
    return exists(id) && roles_.ends_generation[static_cast<std::size_t>(id)];
  }

  // One fill-in-the-middle token: the metadata's, else the first of these texts, which then is a control token.
  void fill_in_the_middle(std::int32_t named, std::span<const std::string_view> texts, bool ends_answer) {
    if (!exists(named)) {
      for (const std::string_view text : texts) {
        named = tokens_.find(text);
        if (exists(named)) break;
      }
      add(named, kControlToken);
    }
    if (ends_answer) end(named);
  }

  // "<|end|>" only closes a channel where "<|return|>" or "<|flush|>" ends the answer; "</s>" is plain text where
  // "<|tool_response>" exists.
  void except_known_false_ends() {
    const bool call = ends("<|call|>") || ends("<|calls|>");
    if (ends("<|end|>") && call && (ends("<|return|>") || ends("<|flush|>"))) {
      end(tokens_.find("<|end|>"), false);
      set(tokens_.find("<|end|>"), kUserDefinedToken);
    }
    if (ends("<|tool_response>") && ends("</s>")) {
      end(tokens_.find("</s>"), false);
      set(tokens_.find("</s>"), kNormalToken);
    }
  }

  void list_assumed_control() {
    for (const std::string_view text : kEndTexts) {
      const std::int32_t id = tokens_.find(text);
      if (!exists(id)) continue;
      const auto at = static_cast<std::size_t>(id);
      const TokenType given = at < vocabulary_.types.size() ? vocabulary_.types[at] : TokenType::normal;
      if ((roles_.bits[at] & kControlToken) && given != TokenType::control) roles_.assumed_control.push_back(id);
    }
  }

  // Phi-3's special tokens swallow the white space that follows, but its files do not say so; the model's name does.
  void strip_for_phi3() {
    std::string name = vocabulary_.name;
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (name.find("phi-3") == std::string::npos && name.find("phi3") == std::string::npos) return;
    for (auto& bits : roles_.bits) {
      if (bits & (kControlToken | kUserDefinedToken | kUnknownToken)) bits |= kStripsRight;
    }
    add(tokens_.find("</s>"), kStripsRight);
    for (const std::string_view text : {"<unk>", "<s>", "<|endoftext|>"}) remove(tokens_.find(text), kStripsRight);
  }

  const Vocabulary& vocabulary_;
  const TokenMap& tokens_;
  TokenRoles roles_;
};

}  // namespace

TokenRoles find_token_roles(const Vocabulary& vocabulary, const TokenMap& tokens) {
  return RoleFinder(vocabulary, tokens).find();
}

}  // namespace brim::text
