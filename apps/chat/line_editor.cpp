// See line_editor.hpp.
#include "apps/chat/line_editor.hpp"

#include <histedit.h>
#include <langinfo.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "apps/terminal/interrupts.hpp"
#include "apps/terminal/style.hpp"

namespace brim::apps {
namespace {

constexpr int kRemembered = 1000;  // lines

// libedit reads characters by the locale; one that is not UTF-8 would drop everything beyond ASCII.
void use_utf8_locale() {
  if (std::setlocale(LC_CTYPE, "") != nullptr && std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0) return;
  std::setlocale(LC_CTYPE, "C.UTF-8");
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
  std::string path, prompt;
  Style style;

  // libedit asks for the prompt each time it draws it; \1 stands around what takes no room.
  static char* current_prompt(EditLine* editor) {
    Parts* parts = nullptr;
    el_get(editor, EL_CLIENTDATA, &parts);
    return parts->prompt.data();
  }
};

LineEditor::LineEditor(std::string history) : parts_(std::make_unique<Parts>()) {
  Parts& parts = *parts_;
  use_utf8_locale();
  std::FILE* screen = isatty(STDOUT_FILENO) == 1 ? stdout : stderr;
  parts.style = Style::of(fileno(screen));
  parts.path = std::move(history);
  parts.editor = el_init("brim", stdin, screen, stderr);
  parts.history = history_init();
  if (parts.editor == nullptr || parts.history == nullptr) return;
  el_set(parts.editor, EL_CLIENTDATA, &parts);
  el_set(parts.editor, EL_PROMPT_ESC, &Parts::current_prompt, '\1');
  el_set(parts.editor, EL_EDITOR, "emacs");
  el_set(parts.editor, EL_SIGNAL, 1);  // the terminal is put right before our handlers see a signal
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
    // libedit sends what takes no room along with the character after it: nothing may stand at the very end.
    parts.prompt.insert(prompt.size() - 1, "\1" + style.plain + "\1");
    parts.prompt.insert(0, "\1" + style.prompt + "\1");
  }
  line.clear();
  if (parts.editor == nullptr) return Outcome::ended;
  forget_interrupts();
  int count = 0;
  errno = 0;
  const char* read = el_gets(parts.editor, &count);
  if (interrupted()) return Outcome::interrupted;
  if (read == nullptr || count <= 0) return Outcome::ended;
  line.assign(read, static_cast<std::size_t>(count));
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  return Outcome::line;
}

void LineEditor::remember(const std::string& line) {
  Parts& parts = *parts_;
  if (parts.history == nullptr || line.find_first_not_of(" \t") == std::string::npos) return;
  ::history(parts.history, &parts.event, H_ENTER, line.c_str());
  if (parts.path.empty()) return;
  // What people ask is theirs alone.
  const mode_t others = umask(077);
  ::history(parts.history, &parts.event, H_SAVE, parts.path.c_str());
  umask(others);
}

}  // namespace brim::apps
