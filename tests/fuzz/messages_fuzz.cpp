// Any bytes as a saved conversation: refused with a sentence, or loaded; then saving returns what was loaded, and every
// built-in template either renders it or gives a reason. A message that spells a control token never becomes one.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "engine/generate/conversation.hpp"

namespace {

using namespace brim;

const text::Tokenizer& tokenizer() {
  static const text::Tokenizer instance = [] {
    text::Vocabulary vocabulary;
    vocabulary.model = "llama";
    const auto add = [&](const std::string& token, text::TokenType type) {
      vocabulary.tokens.push_back(token);
      vocabulary.scores.push_back(-static_cast<float>(vocabulary.tokens.size()));
      vocabulary.types.push_back(type);
    };
    add("<unk>", text::TokenType::unknown);
    add("<s>", text::TokenType::control);
    add("</s>", text::TokenType::control);
    for (int byte = 0; byte < 256; ++byte) {
      constexpr char kDigits[] = "0123456789ABCDEF";
      add(std::string("<0x") + kDigits[byte / 16] + kDigits[byte % 16] + ">", text::TokenType::byte);
    }
    vocabulary.bos = 1;
    vocabulary.eos = 2;
    vocabulary.unknown = 0;
    return std::move(text::Tokenizer::create(std::move(vocabulary))).value();
  }();
  return instance;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const char* name : {"chatml", "llama3", "plain"}) {
    auto conversation = generate::Conversation::create(tokenizer(), name, "");
    if (!conversation) std::abort();
    auto messages = generate::Conversation::parse(bytes);
    if (!messages) continue;
    conversation->replace(std::move(*messages));
    const std::string saved = conversation->json();
    auto again = generate::Conversation::parse(saved);
    if (!again) std::abort();
    conversation->replace(std::move(*again));
    if (conversation->json() != saved) std::abort();
    const auto rendered = conversation->render();
    if (!rendered) continue;
    const auto ids = conversation->encode(*rendered, false);
    if (!ids) std::abort();
    // These templates write no </s> themselves.
    for (const TokenId id : *ids) {
      if (id == 2) std::abort();
    }
  }
  return 0;
}
