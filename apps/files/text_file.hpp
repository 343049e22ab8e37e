// Files that hold a text: what is not one is refused before anything is done with it.
#pragma once

#include <string>
#include <string_view>

namespace brim::apps {

/// Reads a whole text; "-": standard input. Throws Failure (2) for what cannot be read and for what is not a
/// text (check_text), and Stopped when a signal ends the wait for input.
std::string read_text(const std::string& path);

/// Throws Failure (2) where `content` holds a NUL byte or bytes that are not UTF-8: compressed files, models and texts in
/// other encodings would be processed as nonsense. Where it says what it is, so does the sentence. A text that was cut
/// inside its last character passes. `name` stands for it in the sentence.
void check_text(std::string_view content, const std::string& name);

}  // namespace brim::apps
