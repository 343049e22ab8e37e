// See shown_line.hpp.
#include "apps/desktop/shown_line.hpp"

namespace brim::desktop {
namespace {

bool disturbs_line(QChar letter) {
  const char16_t code = letter.unicode();
  return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x061c || code == 0x200e || code == 0x200f ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

}  // namespace

QString shown_line(const QString& text) {
  QString shown = text;
  for (QChar& letter : shown) {
    if (disturbs_line(letter)) letter = QChar::ReplacementCharacter;
  }
  return shown;
}

}  // namespace brim::desktop
