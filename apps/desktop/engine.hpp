// A model and a conversation, living in a thread of their own: slots are called by signals from the window, answers come
// back as signals. The window never waits.
#pragma once

#include <QObject>
#include <QSet>
#include <QTimer>
#include <QVector>
#include <atomic>
#include <brim/brim.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

namespace brim::desktop {

/// What the conversation's memory looks like now.
struct MemoryPicture {
  struct Layer {
    qint64 quota = 0;  ///< entries
    qint64 used = 0;
  };
  qint64 budget_bytes = 0;
  qint64 used_bytes = 0;
  qint64 evicted = 0;  ///< entries, over all layers
  QVector<Layer> layers;
};

class Engine : public QObject {
  Q_OBJECT
 public:
  /// The model leaves memory after `idle_milliseconds` without work; the next question brings it back.
  explicit Engine(int idle_milliseconds);

  /// A number for the next request, to be given to its slot. Any thread.
  int issue() { return ++issued_; }
  /// Ends every request issued so far, whether it is being worked on or still on its way. Any thread.
  void stop();

 public slots:
  void load(int request, const QString& path, qint64 budget_bytes);
  /// Goes on with the same conversation in another amount of memory; what was said is read again.
  void set_budget(int request, qint64 bytes);
  void say(int request, const QString& text);
  void unload();

 signals:
  void loading(qint64 done, qint64 total);
  void loaded(const QString& name, const QString& memory);
  void unloaded();
  void reading(qint64 done, qint64 total);
  void piece(const QString& text);
  void answered();
  void failed(const QString& sentence);
  /// What works less well than it could, once for each model that load() was asked for.
  void warned(const QString& sentence);
  void memory(const brim::desktop::MemoryPicture& picture);

 private:
  template <class Work>
  bool guarded(int request, Work&& work);
  bool stopped() const { return stopped_ >= current_; }
  void message(const std::string& text);
  void open();
  void warn(std::string_view sentence);
  void publish(std::unique_ptr<Session> session);
  void tell_memory();

  QTimer idle_;
  QString path_;
  qint64 budget_ = 0;
  QSet<QString> warnings_;  ///< of this model, given already
  std::string said_;  ///< the conversation, while no session holds it
  std::optional<Model> model_;
  std::unique_ptr<Session> session_;
  std::mutex mutex_;           ///< for who stops: session_ is not replaced meanwhile
  std::atomic<bool> busy_{false};
  std::atomic<int> issued_{0}, stopped_{0}, current_{0};
};

}  // namespace brim::desktop

Q_DECLARE_METATYPE(brim::desktop::MemoryPicture)
