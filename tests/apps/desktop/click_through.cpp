// click_through MODEL MODEL_WITHOUT_PRE_TOKENIZER: see README.md. Exits with the number of failed tests.
#include <QStatusBar>
#include <QtTest/QtTest>
#include <algorithm>

#include "apps/desktop/main_window.hpp"
#include "apps/desktop/shown_line.hpp"

namespace brim::desktop {

class ClickThrough : public QObject {
  Q_OBJECT
 public:
  ClickThrough(QString model, QString without_pre) : model_(std::move(model)), without_pre_(std::move(without_pre)) {}

 private slots:
  void initTestCase() {
    window_ = std::make_unique<MainWindow>(600);
    window_->show();
    QVERIFY(QTest::qWaitForWindowExposed(window_.get()));
    say("Is anybody there?");
    QVERIFY2(window_->conversation().contains("No model is open"), "a message without a model is not answered");
    QVERIFY(!window_->busy());
    QCOMPARE(window_->findChild<QLineEdit*>("line")->text(), QString("Is anybody there?"));
    window_->findChild<QLineEdit*>("line")->clear();
    window_->open_model(model_);
    QTRY_VERIFY_WITH_TIMEOUT(!window_->busy(), kLong);
    QTRY_VERIFY_WITH_TIMEOUT(bars().picture().budget_bytes > 0, kLong);
    QVERIFY(!bars().picture().layers.isEmpty());
  }

  void an_answer_streams_in() {
    say("Hello there");
    QTRY_VERIFY_WITH_TIMEOUT(!window_->busy() || window_->conversation().size() > 40, kLong);
    if (window_->busy()) QTest::mouseClick(&button(), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(!window_->busy(), kLong);
    QVERIFY(window_->conversation().contains("Hello there"));
    QVERIFY(bars().picture().used_bytes <= bars().picture().budget_bytes);
    picture("answer");
  }

  void stop_stops() {
    say("Tell me a very long story");
    QTRY_VERIFY_WITH_TIMEOUT(window_->busy(), kLong);
    for (int i = 0; i < 20 && window_->busy(); ++i) QTest::qWait(10);
    if (window_->busy()) QTest::mouseClick(&button(), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(!window_->busy(), kLong);
    QCOMPARE(button().text(), QString("Send"));
  }

  void another_budget_keeps_the_conversation() {
    choose_budget(0);
    QTRY_VERIFY_WITH_TIMEOUT(bars().picture().budget_bytes <= 1 << 20, kLong);
    QVERIFY(window_->conversation().contains("Hello there"));
    say("And now");
    QTest::qWait(100);
    if (window_->busy()) QTest::mouseClick(&button(), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(!window_->busy(), kLong);
    picture("small-budget");
  }

  void an_idle_model_leaves_memory_and_comes_back() {
    QTRY_VERIFY_WITH_TIMEOUT(window_->statusBar()->currentMessage().contains("not in memory"), kLong);
    say("Are you there?");
    const auto size = window_->conversation().size();
    bool always_busy = true;
    const auto connection = connect(window_->findChild<QTextBrowser*>("said"), &QTextBrowser::textChanged, this,
                                    [&] { always_busy = always_busy && window_->busy(); });
    QTRY_VERIFY_WITH_TIMEOUT(!window_->busy() || window_->conversation().size() > size, kLong);
    if (window_->busy()) QTest::mouseClick(&button(), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(!window_->busy(), kLong);
    disconnect(connection);
    QVERIFY(window_->conversation().size() > size);
    QVERIFY2(always_busy, "an answer came while the button said Send");
    QVERIFY(!bars().picture().layers.isEmpty());
  }

  void another_budget_brings_an_idle_model_back() {
    QTRY_VERIFY_WITH_TIMEOUT(window_->statusBar()->currentMessage().contains("not in memory"), kLong);
    choose_budget(8);
    QVERIFY(window_->conversation().contains("Hello there"));
  }

  void warnings_of_loading_are_shown_once() {
    window_->open_model(without_pre_);
    QTRY_VERIFY_WITH_TIMEOUT(window_->conversation().contains("Warning: "), kLong);
    QVERIFY(window_->conversation().contains("does not name its pre-tokenizer"));
    QTRY_VERIFY_WITH_TIMEOUT(!window_->busy(), kLong);
    QTRY_VERIFY_WITH_TIMEOUT(window_->statusBar()->currentMessage().contains("not in memory"), kLong);
    say("Come back");
    QTest::qWait(100);
    if (window_->busy()) QTest::mouseClick(&button(), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(!window_->busy(), kLong);
    QCOMPARE(window_->conversation().count("does not name its pre-tokenizer"), 1);
  }

  void names_stay_on_their_line() {
    const QString name =
        QString("a\nb") + QChar(0x202e) + QChar(0x2028) + QChar(0x200f) + QChar(0x1b) + QChar(0x9b) + "c\u00fc";
    QCOMPARE(shown_line(name), QString("a%1b%1%1%1%1%1c\u00fc").arg(QChar(QChar::ReplacementCharacter)));
    window_->open_model("/nowhere/" + name + ".gguf");
    QTRY_VERIFY_WITH_TIMEOUT(window_->conversation().contains("nowhere"), kLong);
    QTRY_VERIFY_WITH_TIMEOUT(!window_->busy(), kLong);
    QVERIFY(!window_->conversation().contains(QChar(0x202e)) && !window_->conversation().contains(QChar(0x1b)));
    QVERIFY(!window_->findChild<QComboBox*>("models")->currentText().contains('\n'));
  }

  void a_missing_model_is_a_sentence() {
    window_->open_model("/nowhere/missing.gguf");
    QTRY_VERIFY_WITH_TIMEOUT(window_->conversation().contains("missing.gguf"), kLong);
    QTRY_VERIFY_WITH_TIMEOUT(!window_->busy(), kLong);
  }

  void cleanupTestCase() { window_.reset(); }

 private:
  static constexpr int kLong = 60000;
  QPushButton& button() { return *window_->findChild<QPushButton*>("send"); }
  LayerBars& bars() { return *window_->findChild<LayerBars*>(); }
  void say(const QString& text) {
    auto& line = *window_->findChild<QLineEdit*>("line");
    QTest::mouseClick(&line, Qt::LeftButton);
    QTest::keyClicks(&line, text);
    QTest::keyClick(&line, Qt::Key_Return);
  }
  // The model may have left memory before and may leave it again soon after, and the message with it.
  void choose_budget(int position) {
    window_->statusBar()->clearMessage();  // the same text again would not be a change
    QSignalSpy messages(window_->statusBar(), &QStatusBar::messageChanged);
    auto& slider = *window_->findChild<QSlider*>("budget");
    slider.setFocus();
    slider.setValue(position);
    emit slider.sliderReleased();
    const auto described = [&messages] {
      return std::any_of(messages.begin(), messages.end(),
                         [](const QList<QVariant>& message) { return message[0].toString().contains("KV"); });
    };
    QTRY_VERIFY_WITH_TIMEOUT(described(), kLong);
  }
  void picture(const QString& name) {
    const QString folder = qEnvironmentVariable("BRIM_SCREENSHOTS");
    if (!folder.isEmpty()) window_->grab().save(folder + "/desktop-" + name + ".png");
  }

  QString model_, without_pre_;
  std::unique_ptr<MainWindow> window_;
};

}  // namespace brim::desktop

int main(int count, char** arguments) {
  QApplication application(count, arguments);
  QStandardPaths::setTestModeEnabled(true);
  if (count < 3) return 2;
  brim::desktop::ClickThrough test(arguments[1], arguments[2]);
  return QTest::qExec(&test, QStringList{arguments[0]});
}

#include "click_through.moc"
