// Text from files as it stands on one line of the window: in the status bar, in the list of models, in a sentence.
#pragma once

#include <QString>

namespace brim::desktop {

/// `text` with U+FFFD in place of control characters, line breaks and the characters that reorder a line: a name from a file can
/// neither break nor rearrange what stands around it. (The command has the same as apps/terminal/printable.)
QString shown_line(const QString& text);

}  // namespace brim::desktop
