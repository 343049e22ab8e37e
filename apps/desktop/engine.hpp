// A model and a conversation in a separate thread: slots are called by signals from the window, and answers come back
// as signals. The window never waits.
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

/// The current state of the conversation's memory.
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
  /// The model is unloaded after `idle_milliseconds` without work; the next question loads it again.
  explicit Engine(int idle_milliseconds);

  /// A number for the next request, to be passed to its slot. Any thread.
  int issue() { return ++issued_; }
  /// Ends every request issued so far, whether it is running or still queued. Any thread.
  void stop();

 public slots:
  void load(int request, const QString& path, qint64 budget_bytes);
  /// Continues the same conversation with another amount of memory; the conversation is processed again, by a model that
  /// is loaded again where it had left memory or could not be loaded. Before the first load() only the amount is noted.
  void set_budget(int request, qint64 bytes);
  void say(int request, const QString& text);
  void unload();

 signals:
  void loading(qint64 done, qint64 total);
  void loaded(const QString& name, const QString& memory);
  void unloaded();
  void reading(qint64 done, qint64 total);
  void piece(int request, const QString& text);
  /// The request has ended, however it ended; no signal of this request follows.
  void finished(int request);
  void failed(const QString& sentence);
  /// What works less well than it could; emitted once for each model passed to load().
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
  QSet<QString> warnings_;  ///< warnings of this model that were already emitted
  std::string said_;        ///< the conversation, while no session holds it
  std::optional<Model> model_;
  std::unique_ptr<Session> session_;
  std::mutex mutex_;  ///< for threads that stop work: session_ is not replaced while it is held
  std::atomic<bool> busy_{false};
  std::atomic<int> issued_{0}, stopped_{0}, current_{0};
};

}  // namespace brim::desktop

Q_DECLARE_METATYPE(brim::desktop::MemoryPicture)
