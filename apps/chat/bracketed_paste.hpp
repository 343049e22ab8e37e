// Bracketed paste: a terminal that is asked for it sends pasted text between two marks, so that newlines in it are no Enter.
#pragma once

#include <string>
#include <string_view>

namespace brim::apps {

inline constexpr std::string_view kBracketedPasteOn = "\x1b[?2004h";
inline constexpr std::string_view kBracketedPasteOff = "\x1b[?2004l";
inline constexpr const char* kPasteBegins = "\\e[200~";  ///< as libedit's key bindings are written
inline constexpr std::wstring_view kPasteEnds = L"\x1b[201~";

/// Pasted text as it goes into a line: line ends CR and CR LF become LF, NUL is dropped, everything else stays, tabs too.
std::wstring pasted_text(std::wstring_view sent);

}  // namespace brim::apps
