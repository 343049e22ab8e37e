// See bracketed_paste.hpp.
#include "apps/chat/bracketed_paste.hpp"

namespace brim::apps {

std::wstring pasted_text(std::wstring_view sent) {
  std::wstring text;
  for (std::size_t at = 0; at < sent.size(); ++at) {
    if (sent[at] == L'\0') continue;
    const bool carriage_return = sent[at] == L'\r';
    text += carriage_return ? L'\n' : sent[at];
    if (carriage_return && at + 1 < sent.size() && sent[at + 1] == L'\n') ++at;
  }
  return text;
}

}  // namespace brim::apps
