// See line_editor.hpp.
#include "apps/chat/line_editor.hpp"

#include <histedit.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "apps/chat/bracketed_paste.hpp"
#include "apps/chat/prompt_signals.hpp"
#include "apps/terminal/error_output.hpp"
#include "apps/terminal/interrupts.hpp"
#include "apps/terminal/style.hpp"
#include "platform/new_file.hpp"
#include "platform/program/standard_streams.hpp"
#include "platform/program/terminal.hpp"
#include "platform/program/waiting_input.hpp"

namespace brim::apps {
namespace {

using platform::kStandardInput;

constexpr int kRemembered = 1000;  // lines

// libedit decodes characters with the locale; a locale that is not UTF-8 would drop everything except ASCII.
void use_utf8_locale() {
  if (std::setlocale(LC_CTYPE, "") != nullptr && platform::characters_are_utf8()) return;
  std::setlocale(LC_CTYPE, "C.UTF-8");
}

// Whether a file at `path` was not written by libedit: libedit's files begin with this line.
bool is_other_file(const std::string& path) {
  constexpr std::string_view kHeader = "_HiStOrY_V2_";
  std::error_code none;
  if (!std::filesystem::exists(path, none)) return false;
  if (!std::filesystem::is_regular_file(path, none)) return true;
  std::ifstream file(path, std::ios::binary);
  std::string begin(kHeader.size(), '\0');
  file.read(begin.data(), static_cast<std::streamsize>(begin.size()));
  return file.gcount() != 0 && begin != kHeader;
}

/// What libedit would write to a history file; nothing where it could not.
std::optional<std::string> saved_text(History* history) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), &std::fclose);
  HistEvent event;
  if (file == nullptr || ::history(history, &event, H_SAVE_FP, file.get()) < 0) return std::nullopt;
  if (std::fflush(file.get()) != 0) return std::nullopt;
  std::string text(static_cast<std::size_t>(std::max(std::ftell(file.get()), 0L)), '\0');
  std::rewind(file.get());
  if (std::fread(text.data(), 1, text.size(), file.get()) != text.size()) return std::nullopt;
  return text;
}

}  // namespace

std::string history_path() {
  if (const char* chosen = std::getenv("BRIM_HISTORY")) return chosen;
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && state[0] == '/') return std::string(state) + "/brim/chat_history";
  const char* home = std::getenv("HOME");
  if (home == nullptr || home[0] != '/') return {};
  return std::string(home) + "/.local/state/brim/chat_history";
}

struct LineEditor::Parts {
  EditLine* editor = nullptr;
  History* history = nullptr;
  HistEvent event{};
  std::FILE* screen = nullptr;
  std::string path, prompt;
  Style style;
  std::optional<PromptSignals> signals;  ///< while a line is being read
  bool terminal = false;                 ///< a terminal that probably supports bracketed paste
  bool pasted_lines = false;
  std::optional<char> given_back;  ///< a byte that was read and does not belong to the character before it

  static Parts& of(EditLine* editor) {
    Parts* parts = nullptr;
    el_get(editor, EL_CLIENTDATA, &parts);
    return *parts;
  }

  // libedit requests the prompt each time it draws it; \1 encloses characters that take no room.
  static char* current_prompt(EditLine* editor) { return of(editor).prompt.data(); }

  void ask_for_bracketed_paste(bool on) {
    if (!terminal) return;
    const std::string_view request = on ? kBracketedPasteOn : kBracketedPasteOff;
    std::fwrite(request.data(), 1, request.size(), screen);
    std::fflush(screen);
  }

  // Gives the terminal to libedit. CR and LF of pasted text remain different characters then.
  void edit_lines() {
    el_set(editor, EL_PREP_TERM, 1);
    if (terminal) platform::keep_line_ends(kStandardInput);
    ask_for_bracketed_paste(true);
  }

  // The terminal is in its usual state while this process is stopped. If no shell could continue the process, nothing
  // happens.
  void stop() {
    el_set(editor, EL_PREP_TERM, 0);
    ask_for_bracketed_paste(false);
    const bool stopped = signals->stop();
    edit_lines();
    if (stopped) el_set(editor, EL_REFRESH);
  }

  // Does what the pending signals require. Returns false when the wait for the line must end.
  bool heed_signals() {
    if (interrupted()) return false;
    if (!signals) return true;
    if (signals->stop_requested()) stop();
    if (signals->continued()) {  // after SIGSTOP: another process may have changed the terminal meanwhile
      edit_lines();
      el_set(editor, EL_REFRESH);
    }
    if (signals->resized()) {
      el_resize(editor);
      el_set(editor, EL_REFRESH);
    }
    return !interrupted();
  }

  // Waits until a byte can be read from the keyboard. Returns false when a signal ended the wait.
  bool wait_for_byte() {
    while (true) {
      clear_wakes();
      if (!heed_signals()) return false;
      const platform::Waited waited = platform::wait_for_input(kStandardInput, wake_descriptor(), -1);
      if (waited.failure != 0 && waited.failure != EINTR) return false;
      if (waited.first && !waited.second) return true;
    }
  }

  // libedit's source of characters: 1 and a character, 0 at the end of input, −1 for a signal or an error.
  static int next_character(EditLine* editor, wchar_t* character) {
    Parts& parts = of(editor);
    std::mbstate_t state{};
    bool inside = false;  // a character
    while (true) {
      char byte = 0;
      if (parts.given_back) {
        byte = *std::exchange(parts.given_back, std::nullopt);
      } else {
        if (!parts.wait_for_byte()) {
          errno = EINTR;
          return -1;
        }
        const std::ptrdiff_t got = platform::read_some(kStandardInput, {&byte, 1});
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got <= 0) return static_cast<int>(got);
      }
      const std::size_t used = std::mbrtowc(character, &byte, 1, &state);
      if (used == static_cast<std::size_t>(-2)) {
        inside = true;
        continue;
      }
      if (used == static_cast<std::size_t>(-1)) {
        *character = L'\uFFFD';
        if (inside) parts.given_back = byte;  // the character was cut short; this may be Enter
      }
      return 1;
    }
  }

  // Bound to the mark that begins pasted text: adds the whole pasted text, up to the other mark, to the line unchanged.
  static unsigned char take_paste(EditLine* editor, wint_t) {
    std::wstring sent;
    while (!sent.ends_with(kPasteEnds)) {
      wchar_t character = L'\0';
      if (el_wgetc(editor, &character) <= 0) return CC_EOF;
      sent += character;
    }
    const std::wstring text = pasted_text(std::wstring_view(sent).substr(0, sent.size() - kPasteEnds.size()));
    const LineInfoW* line = el_wline(editor);
    if (line->cursor == line->buffer && text.find(L'\n') != std::wstring::npos) of(editor).pasted_lines = true;
    if (!text.empty() && el_winsertstr(editor, text.c_str()) != 0) return CC_ERROR;
    return CC_REFRESH;
  }
};

LineEditor::LineEditor(std::string history) : parts_(std::make_unique<Parts>()) {
  Parts& parts = *parts_;
  use_utf8_locale();
  const bool on_output = platform::is_terminal(platform::kStandardOutput);
  parts.screen = on_output ? stdout : stderr;
  parts.style = Style::of(on_output ? platform::kStandardOutput : platform::kStandardError);
  const char* kind = std::getenv("TERM");
  parts.terminal = platform::is_terminal(kStandardInput) && kind != nullptr && std::strcmp(kind, "dumb") != 0;
  parts.path = std::move(history);
  parts.editor = el_init("brim", stdin, parts.screen, stderr);
  parts.history = history_init();
  if (parts.editor == nullptr || parts.history == nullptr) return;
  el_set(parts.editor, EL_CLIENTDATA, &parts);
  el_set(parts.editor, EL_PROMPT_ESC, &Parts::current_prompt, '\1');
  el_set(parts.editor, EL_EDITOR, "emacs");
  el_set(parts.editor, EL_SIGNAL, 0);  // libedit would pass signals on to the whole process group
  el_wset(parts.editor, EL_GETCFN, &Parts::next_character);
  // The wide form, because the other form allocates two strings and never frees them.
  el_wset(parts.editor, EL_ADDFN, L"brim-take-paste", L"Take pasted text as it is", &Parts::take_paste);
  el_set(parts.editor, EL_BIND, kPasteBegins, "brim-take-paste", nullptr);
  el_set(parts.editor, EL_BIND, "^I", "ed-insert", nullptr);
  el_set(parts.editor, EL_HIST, ::history, parts.history);
  el_set(parts.editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  el_set(parts.editor, EL_BIND, "\\e[1~", "ed-move-to-beg", nullptr);
  el_set(parts.editor, EL_BIND, "\\e[4~", "ed-move-to-end", nullptr);
  el_set(parts.editor, EL_BIND, "\\e[3~", "ed-delete-next-char", nullptr);
  el_set(parts.editor, EL_BIND, "\\e[1;5C", "em-next-word", nullptr);
  el_set(parts.editor, EL_BIND, "\\e[1;5D", "ed-prev-word", nullptr);
  ::history(parts.history, &parts.event, H_SETSIZE, kRemembered);
  ::history(parts.history, &parts.event, H_SETUNIQUE, 1);
  if (parts.path.empty()) return;
  std::error_code ignored;
  const std::filesystem::path folder = std::filesystem::path(parts.path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, ignored);
  // A file that libedit did not write is neither read nor overwritten.
  if (is_other_file(parts.path)) {
    say_notice("The history is not kept: " + parts.path + " is another kind of file (BRIM_HISTORY)");
    parts.path.clear();
    return;
  }
  ::history(parts.history, &parts.event, H_LOAD, parts.path.c_str());
}

LineEditor::~LineEditor() {
  if (parts_->history != nullptr) history_end(parts_->history);
  if (parts_->editor != nullptr) el_end(parts_->editor);
}

LineEditor::Outcome LineEditor::read(const std::string& prompt, std::string& line) {
  Parts& parts = *parts_;
  const Style& style = parts.style;
  parts.prompt = prompt;
  if (!style.plain.empty() && prompt.size() > 1) {
    // libedit sends text that takes no room together with the next character, so it must not be at the very end.
    parts.prompt.insert(prompt.size() - 1, "\1" + style.plain + "\1");
    parts.prompt.insert(0, "\1" + style.prompt + "\1");
  }
  line.clear();
  if (parts.editor == nullptr) return Outcome::ended;
  clear_interrupts();
  parts.pasted_lines = false;
  int count = 0;
  errno = 0;
  el_resize(parts.editor);  // the window may have changed since the last line
  parts.signals.emplace(kStandardInput);
  parts.edit_lines();
  const char* read = el_gets(parts.editor, &count);
  el_set(parts.editor, EL_PREP_TERM, 0);
  parts.ask_for_bracketed_paste(false);
  parts.signals.reset();
  if (interrupted()) return Outcome::interrupted;
  if (read == nullptr || count <= 0) return Outcome::ended;
  line.assign(read, static_cast<std::size_t>(count));
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  return Outcome::line;
}

bool LineEditor::pasted_lines() const { return parts_->pasted_lines; }

void LineEditor::remember(const std::string& line) {
  Parts& parts = *parts_;
  if (parts.history == nullptr || line.find_first_not_of(" \t") == std::string::npos) return;
  ::history(parts.history, &parts.event, H_ENTER, line.c_str());
  if (parts.path.empty() || is_other_file(parts.path)) return;
  // A full disk must not cut what was kept before: libedit writes in place, so it writes to a file without a name.
  const std::optional<std::string> text = saved_text(parts.history);
  // The user's questions are readable by the owner alone.
  const Status written = text ? write_new_file(parts.path, *text, NewFile::Permissions::owner)
                              : Status(Error{ErrorCode::io, "there is no room for a temporary file"});
  if (!written) {
    say_notice("The history is not kept any longer: " + written.error().sentence);
    parts.path.clear();
  }
}

}  // namespace brim::apps
