// brim-desktop [MODEL.gguf]: a chat window.
#include <QApplication>

#include "apps/desktop/main_window.hpp"

int main(int count, char** arguments) {
  QApplication application(count, arguments);
  QApplication::setOrganizationName("brim");
  QApplication::setApplicationName("brim-desktop");
  brim::desktop::MainWindow window;
  window.show();
  const QStringList given = QApplication::arguments();
  if (given.size() > 1) window.open_model(given[1]);
  return QApplication::exec();
}
