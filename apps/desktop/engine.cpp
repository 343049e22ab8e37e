// See engine.hpp.
#include "apps/desktop/engine.hpp"

namespace brim::desktop {
namespace {

constexpr int kPiecesPerPicture = 8;

QString text_of(std::string_view text) { return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size())); }

}  // namespace

Engine::Engine(int idle_milliseconds) : idle_(this) {
  idle_.setSingleShot(true);
  idle_.setInterval(idle_milliseconds);
  connect(&idle_, &QTimer::timeout, this, &Engine::unload);
}

void Engine::stop() {
  stopped_ = issued_.load();
  const std::lock_guard lock(mutex_);
  if (session_ && busy_) session_->cancel();
}

// Runs `work` and returns whether it succeeded; an exception is reported with a signal. Being stopped is not a failure.
template <class Work>
bool Engine::guarded(int request, Work&& work) {
  idle_.stop();
  current_ = request;
  busy_ = true;
  bool good = true;
  try {
    if (!stopped()) work();
  } catch (const Exception& failure) {
    good = false;
    if (failure.status() != BRIM_CANCELLED) emit failed(QString::fromUtf8(failure.what()));
  } catch (const std::exception& failure) {
    good = false;
    emit failed(QString::fromUtf8(failure.what()));
  }
  busy_ = false;
  idle_.start();
  emit finished(request);
  return good;
}

void Engine::publish(std::unique_ptr<Session> session) {
  const std::lock_guard lock(mutex_);
  session_ = std::move(session);
}

// The model may leave memory and come back, and its session may get another budget: warnings from before are not
// repeated.
void Engine::warn(std::string_view sentence) {
  const QString text = text_of(sentence);
  if (warnings_.contains(text)) return;
  warnings_.insert(text);
  emit warned(text);
}

// Creates the model and the session as far as they are missing, and restores the conversation.
void Engine::open() {
  if (!model_) {
    model_.emplace(Model::load(
        path_.toStdString(), {},
        [this](std::int64_t done, std::int64_t total) {
          emit loading(done, total);
          return !stopped();
        },
        [this](brim_log_level level, std::string_view sentence) {
          if (level == BRIM_LOG_WARNING) warn(sentence);
        }));
  }
  if (session_) return;
  Options options;
  options.set("kv.budget", std::to_string(budget_));
  publish(std::make_unique<Session>(*model_, options));
  session_->on_progress([this](std::int64_t done, std::int64_t total) {
    emit reading(done, total);
    return !stopped();
  });
  if (!said_.empty()) session_->load_messages(said_);
  const brim_model_info info = model_->info();
  emit loaded(QString::fromUtf8(info.name), text_of(session_->describe()));
  tell_memory();
}

void Engine::load(int request, const QString& path, qint64 budget_bytes) {
  publish(nullptr);
  model_.reset();
  said_.clear();
  warnings_.clear();
  path_ = path;
  budget_ = budget_bytes;
  if (!guarded(request, [this] { open(); })) unload();
}

void Engine::set_budget(int request, qint64 bytes) {
  budget_ = bytes;
  if (path_.isEmpty()) return;
  guarded(request, [this] {
    if (session_) said_ = session_->messages();
    publish(nullptr);
    open();
  });
}

// A session that was stopped just after its last call ended remembers this and ends the next call, which is not
// intended.
void Engine::message(const std::string& text) {
  try {
    session_->message("user", text);
  } catch (const Exception& failure) {
    if (failure.status() != BRIM_CANCELLED || stopped()) throw;
    session_->message("user", text);
  }
}

void Engine::say(int request, const QString& text) {
  guarded(request, [&] {
    open();
    message(text.toStdString());
    int pieces = 0;
    try {
      for (const std::string_view piece_text : session_->pieces()) {
        emit piece(request, text_of(piece_text));
        if (++pieces % kPiecesPerPicture == 0) tell_memory();
      }
    } catch (const Exception& failure) {
      if (failure.status() != BRIM_CANCELLED) throw;
      emit piece(request, QString::fromStdString(session_->finish()));  // stopped: the text so far stays
    }
    tell_memory();
  });
}

void Engine::unload() {
  if (session_) said_ = session_->messages();
  publish(nullptr);
  model_.reset();
  emit unloaded();
}

void Engine::tell_memory() {
  const brim_stats stats = session_->stats();
  MemoryPicture picture{stats.kv_budget_bytes, stats.kv_bytes, stats.evicted, {}};
  for (int layer = 0; layer < stats.layers; ++layer) {
    const brim_layer_stats own = session_->layer_stats(layer);
    picture.layers.push_back({own.quota, own.used});
  }
  emit memory(picture);
}

}  // namespace brim::desktop
