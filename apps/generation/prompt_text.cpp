// See prompt_text.hpp.
#include "apps/generation/prompt_text.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/command_line/typed_text.hpp"
#include "apps/command_line/unread_input.hpp"
#include "apps/model_options/model_options.hpp"
#include "apps/terminal/error_output.hpp"

namespace brim::apps {
namespace {

constexpr int kPatience = 2000;  // milliseconds

bool holds_a_prompt(Pipe pipe) {
  struct stat info {};
  if (fstat(STDIN_FILENO, &info) != 0) return false;
  if (S_ISFIFO(info.st_mode) || S_ISREG(info.st_mode)) return true;
  // Programs that start others often leave a socket open that nothing is ever written to.
  if (S_ISSOCK(info.st_mode)) return pipe == Pipe::alone || input_waits();
  return pipe == Pipe::alone && S_ISDIR(info.st_mode);
}

}  // namespace

std::optional<std::string> piped_text(Pipe pipe) {
  if (!holds_a_prompt(pipe)) return std::nullopt;
  pollfd input{STDIN_FILENO, POLLIN, 0};
  if (poll(&input, 1, kPatience) == 0) {
    say_quietly("Waiting for the prompt on standard input (Ctrl-D ends it; </dev/null: there is none).");
  }
  std::string text = without_last_line_end(read_file("-"));
  if (text.empty()) return std::nullopt;
  return text;
}

std::string with_piped_text(std::string text) {
  const std::optional<std::string> piped = piped_text(Pipe::beside_text);
  if (!piped) return text;
  return text.empty() ? *piped : text + "\n\n" + *piped;
}

}  // namespace brim::apps
