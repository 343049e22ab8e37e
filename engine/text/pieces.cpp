// See pieces.hpp.
#include "engine/text/pieces.hpp"

#include <algorithm>

#include "engine/text/byte_alphabet.hpp"

namespace brim::text {
namespace {

std::string with_spaces(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t offset = 0; offset < text.size();) {
    if (text.substr(offset).starts_with(kSpaceMark)) {
      out += ' ';
      offset += kSpaceMark.size();
    } else {
      out += text[offset++];
    }
  }
  return out;
}

int hex_digit(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                : -1;
}

// "<0x0A>" is one byte; a byte token with any other text has none.
std::string byte_of(std::string_view text) {
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return {};
  const int high = hex_digit(text[3]), low = hex_digit(text[4]);
  return high < 0 || low < 0 ? std::string() : std::string(1, static_cast<char>(high * 16 + low));
}

}  // namespace

Pieces::Pieces(const Vocabulary& vocabulary, const TokenRoles& roles) {
  const bool byte_level = vocabulary.model == "gpt2";
  starts_.reserve(vocabulary.tokens.size() + 1);
  special_.reserve(vocabulary.tokens.size());
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const std::string_view text = vocabulary.tokens[id];
    const std::uint8_t bits = roles.bits[id];
    starts_.push_back(bytes_.size());
    special_.push_back((bits & (kControlToken | kUnknownToken)) != 0);
    if (bits & (kControlToken | kUnknownToken | kUserDefinedToken)) {
      bytes_ += text;
    } else if (bits & kNormalToken) {
      bytes_ += byte_level ? bytes_of_mixed_text(text) : with_spaces(text);
    } else if (bits & kByteToken) {
      bytes_ += byte_of(text);
    }
  }
  starts_.push_back(bytes_.size());
  bytes_.shrink_to_fit();
}

std::size_t Pieces::longest() const {
  std::size_t longest = 0;
  for (std::size_t id = 0; id + 1 < starts_.size(); ++id) longest = std::max(longest, starts_[id + 1] - starts_[id]);
  return longest;
}

}  // namespace brim::text
