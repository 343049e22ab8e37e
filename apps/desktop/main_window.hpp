// The window: the choice of model, the amount of memory, the conversation, and the picture of the memory. Owns the
// engine's thread.
#pragma once

#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QMainWindow>
#include <QProgressBar>
#include <QPushButton>
#include <QSlider>
#include <QTextBrowser>
#include <QThread>

#include "apps/desktop/layer_bars.hpp"

namespace brim::desktop {

class MainWindow : public QMainWindow {
  Q_OBJECT
 public:
  explicit MainWindow(int idle_milliseconds = 10 * 60 * 1000);
  ~MainWindow() override;

  void open_model(const QString& path);
  /// Whether the engine is working.
  bool busy() const { return busy_; }
  QString conversation() const { return said_->toPlainText(); }

 signals:
  void wants_model(int request, const QString& path, qint64 budget_bytes);
  void wants_budget(int request, qint64 bytes);
  void wants_answer(int request, const QString& text);

 private:
  void build();
  void connect_engine();
  void browse();
  void send_or_stop();
  int begin_request();
  void set_busy(bool busy);
  void say_in(const QString& text, const QString& colour);
  void show_progress(const QString& what, qint64 done, qint64 total);
  qint64 budget() const;
  void show_budget();

  QThread thread_;
  Engine* engine_;
  QComboBox* models_ = nullptr;
  QSlider* slider_ = nullptr;
  QLabel* amount_ = nullptr;
  QTextBrowser* said_ = nullptr;
  LayerBars* bars_ = nullptr;
  QLineEdit* line_ = nullptr;
  QPushButton* button_ = nullptr;
  QProgressBar* progress_ = nullptr;
  bool busy_ = false;
  int request_ = 0;  ///< the newest; what the engine still says of earlier ones is not shown
};

}  // namespace brim::desktop
