// Brim for C++20: a header over brim.h. Handles become objects, statuses become brim::Exception, pieces become a range.
#pragma once

#include <brim/brim.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace brim {

/// What a failing call throws; what() is Brim's sentence.
class Exception : public std::runtime_error {
 public:
  Exception(brim_status status, const std::string& text) : std::runtime_error(text), status_(status) {}
  brim_status status() const { return status_; }

 private:
  brim_status status_;
};

namespace detail {
inline void check(brim_status status) {
  if (status != BRIM_OK) throw Exception(status, brim_last_error());
}

/// A text for a parameter that ends at the first NUL: one with a NUL inside would be cut there.
inline const char* whole(const char* name, const std::string& text) {
  const std::size_t nul = text.find('\0');
  if (nul == std::string::npos) return text.c_str();
  throw Exception(BRIM_INVALID_ARGUMENT,
                  std::string(name) + ": byte " + std::to_string(nul) + " is NUL, which would end it there");
}

/// A progress function in the form that C calls. An exception from it stops the call, and rethrow() throws it again
/// when that call has returned. The function may be replaced while it runs.
class Progress {
 public:
  using Function = std::function<bool(std::int64_t, std::int64_t)>;
  void set(Function function) {
    function_ = function ? std::make_shared<const Function>(std::move(function)) : nullptr;
  }
  static int call(void* user, std::int64_t done, std::int64_t total) noexcept {
    Progress& own = *static_cast<Progress*>(user);
    try {
      const std::shared_ptr<const Function> function = own.function_;
      return function == nullptr || (*function)(done, total) ? 1 : 0;
    } catch (...) {
      own.failure_ = std::current_exception();
      return 0;
    }
  }
  void rethrow() {
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

 private:
  std::shared_ptr<const Function> function_;
  std::exception_ptr failure_;
};
}  // namespace detail

class Model;

/// Options by string key, as listed in brim.h.
class Options {
 public:
  Options() {
    brim_options* raw = nullptr;
    detail::check(brim_options_create(&raw));
    handle_.reset(raw);
  }
  Options(std::initializer_list<std::pair<const char*, const char*>> pairs) : Options() {
    for (const auto& [key, value] : pairs) set(key, value);
  }
  Options& set(const std::string& key, const std::string& value) {
    detail::check(brim_options_set(handle_.get(), detail::whole("option", key), detail::whole(key.c_str(), value)));
    return *this;
  }
  /// Never null: options that were moved from throw, because null would mean the defaults.
  const brim_options* get() const {
    if (!handle_) throw Exception(BRIM_INVALID_ARGUMENT, "options: these were moved from");
    return handle_.get();
  }

 private:
  friend class Model;
  friend class Session;
  struct Free {
    void operator()(brim_options* raw) const { brim_options_free(raw); }
  };
  std::unique_ptr<brim_options, Free> handle_;
};

/// What loading `path` and one session with these options would take, without reading weights.
inline brim_plan plan(const std::string& path, const Options& model_options = {}, const Options& session_options = {}) {
  brim_plan plan{};
  plan.size = sizeof plan;
  detail::check(brim_plan_get(detail::whole("path", path), model_options.get(), session_options.get(), &plan));
  return plan;
}

/// Called with done and total; return false to stop. An exception from it stops the call too, which then throws it.
using ProgressCallback = detail::Progress::Function;

/// The log callback of a model, from its loading to its end: see brim_options_on_log. Exceptions from it are dropped.
using LogCallback = std::function<void(brim_log_level, std::string_view)>;

/// A loaded model. Movable; use it from as many threads as you like.
class Model {
 public:
  /// `log` is called with messages about the model for as long as the model lives.
  static Model load(const std::string& path, const Options& options = {}, const ProgressCallback& progress = {},
                    LogCallback log = {}) {
    Model model;
    const char* file = detail::whole("path", path);
    const brim_options* wishes = options.get();
    if (log) {
      model.log_ = std::make_unique<LogCallback>(std::move(log));
      detail::check(brim_options_on_log(options.handle_.get(), &say, model.log_.get()));
    }
    detail::Progress called;
    called.set(progress);
    brim_model* raw = nullptr;
    const brim_status status =
        brim_model_load(file, wishes, progress ? &detail::Progress::call : nullptr, &called, &raw);
    model.handle_.reset(raw);
    if (model.log_) brim_options_on_log(options.handle_.get(), nullptr, nullptr);
    called.rethrow();
    detail::check(status);
    return model;
  }
  Model(Model&&) noexcept = default;
  Model& operator=(Model&& other) noexcept {
    handle_ = std::move(other.handle_);  // the old handle is freed before its log
    log_ = std::move(other.log_);
    return *this;
  }
  brim_model_info info() const {
    brim_model_info info{};
    info.size = sizeof info;
    detail::check(brim_model_info_get(handle_.get(), &info));
    return info;
  }
  std::vector<std::int32_t> tokenize(std::string_view text, bool add_special, bool parse_special) const {
    std::size_t count = 0;
    const brim_status status =
        brim_tokenize(handle_.get(), text.data(), text.size(), add_special, parse_special, nullptr, &count);
    if (count == 0) detail::check(status);  // else count is how many there are
    std::vector<std::int32_t> ids(count);
    if (count > 0) {
      detail::check(
          brim_tokenize(handle_.get(), text.data(), text.size(), add_special, parse_special, ids.data(), &count));
    }
    return ids;
  }
  std::string detokenize(const std::vector<std::int32_t>& ids, bool render_special = false) const {
    std::size_t size = 0;
    brim_detokenize(handle_.get(), ids.data(), ids.size(), render_special, nullptr, &size);
    std::string text(size, '\0');
    detail::check(brim_detokenize(handle_.get(), ids.data(), ids.size(), render_special, text.data(), &size));
    return text;
  }
  brim_model* get() const { return handle_.get(); }

 private:
  Model() = default;
  static void say(void* user, brim_log_level level, const char* sentence) noexcept {
    try {
      (*static_cast<LogCallback*>(user))(level, sentence);
    } catch (...) {
      // There is no call in progress that it could end.
    }
  }
  std::unique_ptr<LogCallback> log_;  // destroyed after the handle
  struct Free {
    void operator()(brim_model* raw) const { brim_model_free(raw); }
  };
  std::unique_ptr<brim_model, Free> handle_;
};

/// A conversation with its own KV memory. One thread at a time, except cancel().
class Session {
 public:
  /// Why an answer ended.
  enum class End { not_yet = 0, end_token = 1, stop_string = 2, limit = 3 };
  struct Piece {
    std::string_view text;  ///< valid until the next call on the session
    std::int32_t id;
    End end;
  };

  /// `preparing` is called while the session's memory is prepared, with bytes done and in all.
  explicit Session(const Model& model, const Options& options = {}, const ProgressCallback& preparing = {}) {
    brim_session* raw = nullptr;
    Preparing scope(options, preparing);
    const brim_status status = brim_session_create(model.get(), options.get(), &raw);
    handle_.reset(raw);
    scope.check(status);
  }

  /// A session as save() left it; `options` replace those that it was saved with.
  static Session restore(const Model& model, const std::string& path, const Options& options = {},
                         const ProgressCallback& preparing = {}) {
    brim_session* raw = nullptr;
    Preparing scope(options, preparing);
    const brim_status status = brim_session_restore(model.get(), options.get(), detail::whole("path", path), &raw);
    Session restored(raw);
    scope.check(status);
    return restored;
  }
  /// Writes the session to a file, completely or not at all.
  void save(const std::string& path) { check(brim_session_save(handle_.get(), detail::whole("path", path))); }
  /// A second session that continues as this one does, with its own memory.
  Session fork() {
    brim_session* raw = nullptr;
    detail::check(brim_session_fork(handle_.get(), &raw));
    return Session(raw);
  }

  /// Sets the callback for prefill. A progress function may replace itself. Throws BRIM_WRONG_STATE where another
  /// thread is inside a call of the session that had no callback before.
  void on_progress(ProgressCallback progress) {
    if (!progress_) {
      auto called = std::make_unique<detail::Progress>();
      detail::check(brim_session_on_progress(handle_.get(), &detail::Progress::call, called.get()));
      progress_ = std::move(called);
    }
    progress_->set(std::move(progress));
  }
  void cancel() noexcept { brim_session_cancel(handle_.get()); }

  void append(std::string_view text, bool add_special = true, bool parse_special = false) {
    check(brim_session_append(handle_.get(), text.data(), text.size(), add_special, parse_special));
  }
  void append(const std::vector<std::int32_t>& ids) {
    check(brim_session_append_ids(handle_.get(), ids.data(), ids.size()));
  }
  void message(const std::string& role, std::string_view text) {
    check(brim_session_message(handle_.get(), detail::whole("role", role), text.data(), text.size()));
  }
  void regenerate() { check(brim_session_regenerate(handle_.get())); }
  Piece next() {
    brim_piece piece{};
    piece.size = sizeof piece;
    check(brim_session_next(handle_.get(), &piece));
    return {{piece.text, piece.text_size}, piece.id, static_cast<End>(piece.end)};
  }
  /// The result of next_together() for one session: a piece, or why there is none.
  struct Outcome {
    Piece piece;
    brim_status status;      ///< BRIM_OK, or what failed for this session alone
    std::string_view error;  ///< its error message, valid until the next call on the session; empty with BRIM_OK
  };
  /// next() of several sessions of one model, in passes that all of them share (brim_sessions_next). Throws on misuse.
  static std::vector<Outcome> next_together(const std::vector<Session*>& sessions) {
    std::vector<brim_session*> raw;
    for (Session* session : sessions) raw.push_back(session->get());
    std::vector<brim_piece> pieces(sessions.size());
    if (!pieces.empty()) pieces[0].size = sizeof(brim_piece);
    detail::check(brim_sessions_next(raw.data(), raw.size(), pieces.data()));
    std::vector<Outcome> outcomes;
    for (const brim_piece& piece : pieces) {
      const std::string_view text(piece.text, piece.text_size);
      const auto status = static_cast<brim_status>(piece.status);
      const bool failed = status != BRIM_OK;
      outcomes.push_back({{failed ? "" : text, piece.id, static_cast<End>(piece.end)}, status, failed ? text : ""});
    }
    return outcomes;
  }
  /// After the last token that was processed, copied: one per token of the vocabulary.
  std::vector<float> logits() {
    const float* logits = nullptr;
    std::size_t count = 0;
    check(brim_session_logits(handle_.get(), &logits, &count));
    return {logits, logits + count};
  }
  /// The model's state after that token, copied: as many values as the model is wide (brim_session_embedding).
  std::vector<float> embedding() {
    const float* values = nullptr;
    std::size_t count = 0;
    check(brim_session_embedding(handle_.get(), &values, &count));
    return {values, values + count};
  }
  /// Ends the answer; returns the text that was held back.
  std::string finish() {
    brim_piece piece{};
    piece.size = sizeof piece;
    check(brim_session_finish(handle_.get(), &piece));
    return {piece.text, piece.text_size};
  }

  /// The pieces of an answer as an input range: for (std::string_view text : session.pieces()) …
  class Pieces {
   public:
    class Iterator {
     public:
      Iterator() = default;
      Iterator(Session* session, std::int64_t limit) : session_(session), left_(limit) { ++*this; }
      std::string_view operator*() const { return piece_.text; }
      Iterator& operator++() {
        if (piece_.end != End::not_yet || left_ == 0) {
          session_ = nullptr;
        } else {
          if (left_ > 0) --left_;
          piece_ = session_->next();
        }
        return *this;
      }
      bool operator!=(const Iterator& other) const { return session_ != other.session_; }

     private:
      Session* session_ = nullptr;
      std::int64_t left_ = -1;
      Piece piece_{{}, -1, End::not_yet};
    };
    Pieces(Session* session, std::int64_t limit) : session_(session), limit_(limit) {}
    Iterator begin() const { return {session_, limit_}; }
    Iterator end() const { return {}; }

   private:
    Session* session_;
    std::int64_t limit_;
  };
  /// At most `limit` tokens; −1: until the answer ends.
  Pieces pieces(std::int64_t limit = -1) & { return {this, limit}; }
  /// Sends `text` as the user and streams the answer.
  Pieces reply(std::string_view text, std::int64_t limit = -1) & {
    message("user", text);
    return pieces(limit);
  }

  void clear() { check(brim_session_clear(handle_.get())); }
  /// False, with nothing changed, where that cannot be exact without processing tokens again.
  bool rewind(std::int64_t tokens) {
    const brim_status status = brim_session_rewind(handle_.get(), tokens);
    if (status == BRIM_WRONG_STATE) return false;
    check(status);
    return true;
  }
  void set(const std::string& key, const std::string& value) {
    check(brim_session_set(handle_.get(), detail::whole("key", key), detail::whole(key.c_str(), value)));
  }
  /// Removes every value of an option that may be given several times: "stop", "logit_bias".
  void unset(const std::string& key) { check(brim_session_unset(handle_.get(), detail::whole("key", key))); }
  /// The values given for an option: none where the default applies, several for "stop" and "logit_bias".
  std::vector<std::string> option(const std::string& key) const {
    std::vector<std::string> values;
    for (const char* value = nullptr;; values.emplace_back(value)) {
      check(brim_session_option(handle_.get(), detail::whole("key", key), values.size(), &value));
      if (value == nullptr) return values;
    }
  }
  std::string messages() {
    const char* json = nullptr;
    std::size_t size = 0;
    check(brim_session_messages(handle_.get(), &json, &size));
    return {json, size};
  }
  void load_messages(std::string_view json) {
    check(brim_session_load_messages(handle_.get(), json.data(), json.size()));
  }
  brim_stats stats() const {
    brim_stats stats{};
    stats.size = sizeof stats;
    check(brim_session_stats(handle_.get(), &stats));
    return stats;
  }
  brim_layer_stats layer_stats(int layer) const {
    brim_layer_stats stats{};
    stats.size = sizeof stats;
    check(brim_session_layer_stats(handle_.get(), layer, &stats));
    return stats;
  }
  std::string describe() { return brim_session_describe(handle_.get()); }
  brim_session* get() const { return handle_.get(); }

 private:
  explicit Session(brim_session* raw) : handle_(raw) {}
  /// Throws what a progress function threw during the call that returned `status`, else the error of `status`.
  void check(brim_status status) const {
    if (progress_) progress_->rethrow();
    detail::check(status);
  }
  // The callback of options, during one call.
  class Preparing {
   public:
    Preparing(const Options& options, const ProgressCallback& progress)
        : options_(progress ? options.handle_.get() : nullptr) {
      if (options_ == nullptr) return;
      called_.set(progress);
      detail::check(brim_options_on_progress(options_, &detail::Progress::call, &called_));
    }
    ~Preparing() {
      if (options_ != nullptr) brim_options_on_progress(options_, nullptr, nullptr);
    }
    Preparing(const Preparing&) = delete;
    Preparing& operator=(const Preparing&) = delete;
    void check(brim_status status) {
      called_.rethrow();
      detail::check(status);
    }

   private:
    brim_options* options_;
    detail::Progress called_;
  };
  struct Free {
    void operator()(brim_session* raw) const { brim_session_free(raw); }
  };
  std::unique_ptr<brim_session, Free> handle_;
  std::unique_ptr<detail::Progress> progress_;  // null: no function was ever set
};

/// Measures the machine's peak rates with `threads` threads; takes about half a second.
inline brim_machine measure_machine(int threads) {
  brim_machine machine{};
  machine.size = sizeof machine;
  detail::check(brim_measure_machine(threads, &machine));
  return machine;
}

}  // namespace brim
