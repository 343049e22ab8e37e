// Text on standard input that a command would not read. It is refused: nobody pipes a text into a program for nothing.
#pragma once

#include <string_view>

namespace brim::apps {

/// Whether standard input is a pipe, a socket or a file that holds bytes, or gets some within a moment. Never waits longer:
/// programs that start others often leave a pipe open that nothing is ever written to. False for a terminal, a device
/// (/dev/null), what was read to its end and what is closed.
bool input_waits();

/// Throws Failure (2) where input_waits(). `instead`: what the command reads in its place, "-f names the text".
void refuse_unread_input(std::string_view instead);

}  // namespace brim::apps
