// See main_window.hpp.
#include "apps/desktop/main_window.hpp"

#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QSettings>
#include <QSplitter>
#include <QStatusBar>
#include <QTextCursor>
#include <QVBoxLayout>
#include <cmath>

#include "apps/desktop/shown_line.hpp"

namespace brim::desktop {
namespace {

// The slider's positions are eighths of a doubling, from 1 MiB on.
constexpr int kSteps = 8, kDoublings = 14, kUsualPosition = 6 * kSteps;
constexpr int kMaxRecent = 8;

qint64 bytes_at(int position) { return static_cast<qint64>(std::exp2(20.0 + static_cast<double>(position) / kSteps)); }

}  // namespace

MainWindow::MainWindow(int idle_milliseconds) : engine_(new Engine(idle_milliseconds)) {
  qRegisterMetaType<MemoryPicture>();
  build();
  engine_->moveToThread(&thread_);
  connect_engine();
  thread_.start();
}

MainWindow::~MainWindow() {
  engine_->stop();
  thread_.quit();
  thread_.wait();
}

void MainWindow::build() {
  setWindowTitle(tr("Brim"));
  resize(860, 560);
  models_ = new QComboBox;
  models_->setObjectName("models");
  models_->setPlaceholderText(tr("No model"));
  models_->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  for (const QString& path : QSettings().value("models").toStringList()) {
    models_->addItem(shown_line(QFileInfo(path).fileName()), path);
  }
  models_->setCurrentIndex(-1);
  auto* other = new QPushButton(tr("Open…"));
  slider_ = new QSlider(Qt::Horizontal);
  slider_->setObjectName("budget");
  slider_->setRange(0, kSteps * kDoublings);
  slider_->setValue(kUsualPosition);
  slider_->setToolTip(tr("The memory that the conversation may take. It never takes more."));
  amount_ = new QLabel;
  amount_->setMinimumWidth(80);
  auto* top = new QHBoxLayout;
  top->addWidget(models_, 2);
  top->addWidget(other);
  top->addWidget(new QLabel(tr("Memory")));
  top->addWidget(slider_, 1);
  top->addWidget(amount_);

  said_ = new QTextBrowser;
  said_->setObjectName("said");
  bars_ = new LayerBars;
  auto* middle = new QSplitter;
  middle->addWidget(said_);
  middle->addWidget(bars_);
  middle->setStretchFactor(0, 1);

  line_ = new QLineEdit;
  line_->setObjectName("line");
  line_->setPlaceholderText(tr("Say something"));
  button_ = new QPushButton(tr("Send"));
  button_->setObjectName("send");
  auto* bottom = new QHBoxLayout;
  bottom->addWidget(line_);
  bottom->addWidget(button_);

  auto* all = new QVBoxLayout;
  all->addLayout(top);
  all->addWidget(middle, 1);
  all->addLayout(bottom);
  auto* centre = new QWidget;
  centre->setLayout(all);
  setCentralWidget(centre);
  progress_ = new QProgressBar;
  progress_->setMaximumWidth(240);
  progress_->hide();
  statusBar()->addPermanentWidget(progress_);

  connect(other, &QPushButton::clicked, this, &MainWindow::browse);
  connect(models_, &QComboBox::activated, this, [this](int index) { open_model(models_->itemData(index).toString()); });
  connect(slider_, &QSlider::valueChanged, this, &MainWindow::show_budget);
  connect(slider_, &QSlider::sliderReleased, this, [this] { emit wants_budget(begin_request(), budget()); });
  connect(button_, &QPushButton::clicked, this, &MainWindow::send_or_stop);
  connect(line_, &QLineEdit::returnPressed, this, [this] {
    if (!busy_) send_or_stop();
  });
  show_budget();
  set_busy(false);
}

void MainWindow::connect_engine() {
  connect(&thread_, &QThread::finished, engine_, &QObject::deleteLater);
  connect(this, &MainWindow::wants_model, engine_, &Engine::load);
  connect(this, &MainWindow::wants_budget, engine_, &Engine::set_budget);
  connect(this, &MainWindow::wants_answer, engine_, &Engine::say);
  connect(engine_, &Engine::loading, this,
          [this](qint64 done, qint64 total) { show_progress(tr("Loading"), done, total); });
  connect(engine_, &Engine::reading, this,
          [this](qint64 done, qint64 total) { show_progress(tr("Reading"), done, total); });
  connect(engine_, &Engine::loaded, this, [this](const QString& name, const QString& memory) {
    statusBar()->showMessage(shown_line(name + " · " + memory));
    progress_->hide();
  });
  connect(engine_, &Engine::unloaded, this, [this] { statusBar()->showMessage(tr("The model is not in memory now")); });
  connect(engine_, &Engine::piece, this, [this](int request, const QString& text) {
    if (request != request_) return;
    progress_->hide();
    said_->moveCursor(QTextCursor::End);
    said_->insertPlainText(text);
    said_->ensureCursorVisible();
  });
  connect(engine_, &Engine::finished, this, [this](int request) {
    if (request != request_) return;
    progress_->hide();
    set_busy(false);
    line_->setFocus();
  });
  connect(engine_, &Engine::failed, this, [this](const QString& sentence) {
    statusBar()->showMessage(shown_line(sentence));
    say_in(shown_line(sentence), "red");
  });
  connect(engine_, &Engine::warned, this,
          [this](const QString& sentence) { say_in(shown_line(tr("Warning: %1").arg(sentence)), "darkgoldenrod"); });
  connect(engine_, &Engine::memory, bars_, &LayerBars::show_picture);
}

void MainWindow::open_model(const QString& path) {
  QStringList recent = QSettings().value("models").toStringList();
  recent.removeAll(path);
  recent.prepend(path);
  QSettings().setValue("models", QStringList(recent.mid(0, kMaxRecent)));
  int at = models_->findData(path);
  if (at < 0) {
    models_->insertItem(0, shown_line(QFileInfo(path).fileName()), path);
    at = 0;
  }
  models_->setCurrentIndex(at);
  said_->clear();
  engine_->stop();
  emit wants_model(begin_request(), path, budget());
}

void MainWindow::browse() {
  const QString path = QFileDialog::getOpenFileName(this, tr("Open a model"), QString(), tr("Models (*.gguf)"));
  if (!path.isEmpty()) open_model(path);
}

void MainWindow::send_or_stop() {
  if (busy_) {
    engine_->stop();
    return;
  }
  const QString text = line_->text().trimmed();
  if (text.isEmpty()) return;
  if (models_->currentIndex() < 0) {
    const QString sentence = tr("No model is open: choose one at the top, or press Open….");
    statusBar()->showMessage(sentence);
    say_in(sentence, "red");
    return;
  }
  line_->clear();
  say_in(text, "gray");
  said_->append(QString());
  emit wants_answer(begin_request(), text);
}

int MainWindow::begin_request() {
  set_busy(true);
  return request_ = engine_->issue();
}

void MainWindow::set_busy(bool busy) {
  busy_ = busy;
  button_->setText(busy ? tr("Stop") : tr("Send"));
  slider_->setEnabled(!busy);
}

void MainWindow::say_in(const QString& text, const QString& colour) {
  said_->append(QString("<p style=\"color:%1\">%2</p>").arg(colour, text.toHtmlEscaped()));
}

void MainWindow::show_progress(const QString& what, qint64 done, qint64 total) {
  progress_->setFormat(what + " %p%");
  progress_->setRange(0, 1000);
  progress_->setValue(static_cast<int>(1000 * done / std::max<qint64>(total, 1)));
  progress_->show();
}

qint64 MainWindow::budget() const { return bytes_at(slider_->value()); }

void MainWindow::show_budget() { amount_->setText(locale().formattedDataSize(budget(), 0)); }

}  // namespace brim::desktop
