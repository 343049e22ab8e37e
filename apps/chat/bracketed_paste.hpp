// Bracketed paste: a terminal in this mode sends pasted text between two marks, so that newlines in it do not act as
// Enter.
#pragma once

#include <string>
#include <string_view>

namespace brim::apps {

inline constexpr std::string_view kBracketedPasteOn = "\x1b[?2004h";
inline constexpr std::string_view kBracketedPasteOff = "\x1b[?2004l";
inline constexpr const char* kPasteBegins = "\\e[200~";  ///< in the notation of libedit's key bindings
inline constexpr std::wstring_view kPasteEnds = L"\x1b[201~";

/// Pasted text in the form in which it is added to a line: line ends CR and CR LF become LF, NUL is removed, everything
/// else stays, tabs too.
std::wstring pasted_text(std::wstring_view sent);

}  // namespace brim::apps
