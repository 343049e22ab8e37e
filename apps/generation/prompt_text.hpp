// The prompt as people give it: typed with -p, piped in, or both.
#pragma once

#include <optional>
#include <string>

namespace brim::apps {

/// How much of standard input belongs to the prompt.
enum class Pipe {
  beside_text,  ///< a pipe, a file or a socket that holds something adds to the prompt that was typed
  alone,        ///< whatever is not a terminal or a device is the prompt
};

/// All of standard input without one line end at its end; nothing where it is a terminal or a device such as /dev/null, or
/// holds no bytes. Says on standard error that it waits when nothing comes for two seconds. Throws Failure (2) when it
/// cannot be read.
std::optional<std::string> piped_text(Pipe pipe);

/// `text` and what is piped in beside it, with an empty line between them.
std::string with_piped_text(std::string text);

}  // namespace brim::apps
