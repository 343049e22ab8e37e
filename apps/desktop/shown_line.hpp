// Text from files as it is shown on one line of the window: in the status bar, in the list of models, in a sentence.
#pragma once

#include <QString>

namespace brim::desktop {

/// `text` with U+FFFD in place of control characters, line breaks and the characters that reorder a line: a name from a
/// file can neither break nor rearrange the text around it. (apps/terminal/printable does the same for the command.)
QString shown_line(const QString& text);

}  // namespace brim::desktop
