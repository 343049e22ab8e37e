// See dry_breakers.hpp.
#include "engine/generate/dry_breakers.hpp"

#include <algorithm>
#include <string_view>

namespace brim::generate {
namespace {

constexpr std::size_t kLongestBreaker = 40;  // bytes
constexpr std::size_t kLongestTail = 20;     // tokens after the first

}  // namespace

std::vector<std::string> default_dry_breakers() { return {"\n", ":", "\"", "*"}; }

Result<std::vector<std::vector<TokenId>>> find_dry_breakers(const text::Tokenizer& tokenizer,
                                                            const std::vector<std::string>& breakers) {
  std::vector<std::vector<TokenId>> found;
  for (const std::string& breaker : breakers) {
    if (breaker.empty()) return error(ErrorCode::invalid_argument, "a DRY breaker is empty");
    const std::string_view wanted = std::string_view(breaker).substr(0, kLongestBreaker);
    for (TokenId id = 0; id < tokenizer.size(); ++id) {
      const std::string_view piece = tokenizer.piece(id, true);
      if (piece.find(wanted) != std::string_view::npos) {
        found.push_back({id});
        continue;
      }
      for (std::size_t shared = std::min(wanted.size() - 1, piece.size()); shared > 0; --shared) {
        if (piece.substr(piece.size() - shared) != wanted.substr(0, shared)) continue;
        BRIM_ASSIGN(std::vector<TokenId> sequence, tokenizer.encode(wanted.substr(shared), {.add_special = false}));
        sequence.resize(std::min(sequence.size(), kLongestTail));
        sequence.insert(sequence.begin(), id);
        found.push_back(std::move(sequence));
      }
    }
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace brim::generate
