// brim-desktop [MODEL.gguf]: a chat window.
#include <QApplication>
#include <cstdio>
#include <cstdlib>

#include "apps/desktop/main_window.hpp"

namespace {

// Without a display, Qt prints a long message and aborts: this prints one sentence and ends with an exit code instead.
// Qt's warnings before that belong to the same problem.
void while_starting(QtMsgType type, const QMessageLogContext&, const QString&) {
  if (type != QtFatalMsg) return;
  std::fputs(
      "brim-desktop: there is no display to open a window on: expected an X11 or Wayland session (DISPLAY, "
      "WAYLAND_DISPLAY); brim chat needs none\n",
      stderr);
  std::_Exit(1);
}

}  // namespace

int main(int count, char** arguments) {
  qInstallMessageHandler(while_starting);
  QApplication application(count, arguments);
  qInstallMessageHandler(nullptr);
  QApplication::setOrganizationName("brim");
  QApplication::setApplicationName("brim-desktop");
  brim::desktop::MainWindow window;
  window.show();
  const QStringList given = QApplication::arguments();
  if (given.size() > 1) window.open_model(given[1]);
  return QApplication::exec();
}
