// Sessions, which process text and generate answers: the second half of brim/brim.hpp, which programs include.
#pragma once

#include <brim/document.h>

#include <brim/model.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace brim {

/// A conversation, or a text, with its own KV memory. Movable. One thread at a time may use it, except cancel().
class Session {
 public:
  /// Why an answer ended.
  enum class End { not_yet = 0, end_token = 1, stop_string = 2, limit = 3 };
  struct Piece {
    std::string_view text;  ///< whole UTF-8 characters, may be empty; valid until the next call on the session
    std::int32_t id;        ///< the token; −1 when the piece only ends the answer
    End end;
  };

  /// Reserves all memory of the session, or throws BRIM_OUT_OF_MEMORY. `preparing` is called during the call, with bytes.
  explicit Session(const Model& model, const Options& options = {}, const ProgressCallback& preparing = {}) {
    brim_session* raw = nullptr;
    Preparing scope(options, preparing);
    const brim_status status = brim_session_create(model.get(), options.get(), &raw);
    handle_.reset(raw);
    scope.check(status);
  }

  /// A session from a file that save() wrote, with the same model. `options` replace those that it was saved with.
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
  /// A second session that continues exactly as this one would, with as much memory as this one has.
  Session fork() {
    brim_session* raw = nullptr;
    detail::check(brim_session_fork(handle_.get(), &raw));
    return Session(raw);
  }

  /// Sets the callback for prefill, which is called with tokens. A callback may replace itself. Throws BRIM_WRONG_STATE if
  /// another thread is inside a call on the session and no callback was set before.
  void on_progress(ProgressCallback progress) {
    if (!progress_) {
      auto called = std::make_unique<detail::Progress>();
      detail::check(brim_session_on_progress(handle_.get(), &detail::Progress::call, called.get()));
      progress_ = std::move(called);
    }
    progress_->set(std::move(progress));
  }
  /// Ends the call in progress, or else the next one, with BRIM_CANCELLED. Any thread may call it at any time.
  void cancel() noexcept { brim_session_cancel(handle_.get()); }

  /// Processes plain text, outside any conversation.
  void append(std::string_view text, bool add_special = true, bool parse_special = false) {
    check(brim_session_append(handle_.get(), text.data(), text.size(), add_special, parse_special));
  }
  void append(const std::vector<std::int32_t>& ids) {
    check(brim_session_append_ids(handle_.get(), ids.data(), ids.size()));
  }
  /// Adds a message to the conversation and processes it, up to the place where the assistant answers. `role` is "system",
  /// "user", "assistant" or "tool".
  void message(const std::string& role, std::string_view text) {
    check(brim_session_message(handle_.get(), detail::whole("role", role), text.data(), text.size()));
  }
  /// Replaces everything but the options by a text that questions will be asked about, here or in forks: it becomes the
  /// beginning of the user's first message (brim_session_document). Where it throws after processing began, the session
  /// is as after clear().
  void document(std::string_view text) { check(brim_session_document(handle_.get(), text.data(), text.size())); }
  /// What the session has of its document now.
  brim_document_stats document_stats() const {
    brim_document_stats stats{};
    stats.size = sizeof stats;
    check(brim_session_document_stats(handle_.get(), &stats));
    return stats;
  }
  /// Removes the last message of the assistant, so that next() begins another answer.
  void regenerate() { check(brim_session_regenerate(handle_.get())); }
  /// The next piece of the answer. The answer has ended when the piece's `end` is not `not_yet`.
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
  /// A copy of the logits after the last token that was processed: one per token of the vocabulary.
  std::vector<float> logits() {
    const float* logits = nullptr;
    std::size_t count = 0;
    check(brim_session_logits(handle_.get(), &logits, &count));
    return {logits, logits + count};
  }
  /// A copy of the model's state after that token: as many values as the model is wide (brim_session_embedding).
  std::vector<float> embedding() {
    const float* values = nullptr;
    std::size_t count = 0;
    check(brim_session_embedding(handle_.get(), &values, &count));
    return {values, values + count};
  }
  /// Ends the answer early; returns text that was held back, because it might have been the beginning of a stop string.
  std::string finish() {
    brim_piece piece{};
    piece.size = sizeof piece;
    check(brim_session_finish(handle_.get(), &piece));
    return {piece.text, piece.text_size};
  }

  /// The pieces of an answer as an input range: for (std::string_view text : session.pieces()) … The session must outlive
  /// the range, and must not be moved while the range is in use.
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

  /// Removes everything except the options: text, conversation and cache.
  void clear() { check(brim_session_clear(handle_.get())); }
  /// Goes back to the first `tokens` of the processed tokens. Returns false, with nothing changed, if that is not possible
  /// without processing tokens again (brim_session_rewind).
  bool rewind(std::int64_t tokens) {
    const brim_status status = brim_session_rewind(handle_.get(), tokens);
    if (status == BRIM_WRONG_STATE) return false;
    check(status);
    return true;
  }
  /// Changes a sampling, stop or system option.
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
  /// The conversation as a JSON array of {"role", "content"}.
  std::string messages() {
    const char* json = nullptr;
    std::size_t size = 0;
    check(brim_session_messages(handle_.get(), &json, &size));
    return {json, size};
  }
  /// Replaces the conversation by one that messages() returned, and processes it (brim_session_load_messages).
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
  /// One line for people about the session's memory.
  std::string describe() { return brim_session_describe(handle_.get()); }
  /// The handle, which stays owned by this object.
  brim_session* get() const { return handle_.get(); }

 private:
  explicit Session(brim_session* raw) : handle_(raw) {}
  /// Throws what a progress callback threw during the call that returned `status`, else the error of `status`.
  void check(brim_status status) const {
    if (progress_) progress_->rethrow();
    detail::check(status);
  }
  // Sets the progress callback of options for one call.
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
  std::unique_ptr<detail::Progress> progress_;  // null: no callback was ever set
};

}  // namespace brim
