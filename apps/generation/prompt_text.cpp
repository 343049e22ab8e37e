// See prompt_text.hpp.
#include "apps/generation/prompt_text.hpp"

#include "apps/command_line/typed_text.hpp"
#include "apps/command_line/unread_input.hpp"
#include "apps/files/text_file.hpp"
#include "apps/model_options/model_options.hpp"
#include "apps/terminal/error_output.hpp"
#include "platform/program/standard_streams.hpp"
#include "platform/program/waiting_input.hpp"

namespace brim::apps {
namespace {

constexpr int kPatience = 2000;  // milliseconds

bool holds_a_prompt(Pipe pipe) {
  using platform::InputKind;
  const InputKind kind = platform::input_kind(platform::kStandardInput);
  if (kind == InputKind::pipe || kind == InputKind::file) return true;
  // Programs that start others often leave a socket open that is never written to.
  if (kind == InputKind::socket) return pipe == Pipe::alone || input_waits();
  return pipe == Pipe::alone && kind == InputKind::folder;
}

}  // namespace

std::optional<std::string> piped_text(Pipe pipe) {
  if (!holds_a_prompt(pipe)) return std::nullopt;
  const platform::Waited waited = platform::wait_for_input(platform::kStandardInput, -1, kPatience);
  if (waited.failure == 0 && !waited.first) {
    say_quietly("Waiting for the prompt on standard input (Ctrl-D ends it; </dev/null: there is none).");
  }
  std::string text = without_last_line_end(read_text("-"));
  if (text.empty()) return std::nullopt;
  return text;
}

std::string with_piped_text(std::string text) {
  const std::optional<std::string> piped = piped_text(Pipe::after_text);
  if (!piped) return text;
  return text.empty() ? *piped : text + "\n\n" + *piped;
}

}  // namespace brim::apps
