// The prompt as users give it: typed with -p, piped in, or both.
#pragma once

#include <optional>
#include <string>

namespace brim::apps {

/// How much of standard input belongs to the prompt.
enum class Pipe {
  after_text,  ///< if a pipe, a file or a socket holds something, it is added to the prompt that was typed
  alone,       ///< any input that is not a terminal or a device is the prompt
};

/// All of standard input without one line end at its end; nothing where it is a terminal or a device such as /dev/null,
/// or holds no bytes. Writes to standard error that it is waiting when nothing arrives for two seconds. Throws Failure
/// (2) when it cannot be read.
std::optional<std::string> piped_text(Pipe pipe);

/// `text` followed by the piped text, with an empty line between them.
std::string with_piped_text(std::string text);

}  // namespace brim::apps
