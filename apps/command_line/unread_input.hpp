// Text on standard input that a command would not read. It is refused, because a user who pipes a text into a program
// expects an effect.
#pragma once

#include <string_view>

namespace brim::apps {

/// Whether standard input is a pipe, a socket or a file that holds bytes, or receives some within a moment. Never waits
/// longer: programs that start others often leave a pipe open that is never written to. False for a terminal, a device
/// (/dev/null), input that was read to its end, and closed input.
bool input_waits();

/// Throws Failure (2) where input_waits(). `instead`: what the command reads instead, "-f names the text".
void refuse_unread_input(std::string_view instead);

}  // namespace brim::apps
