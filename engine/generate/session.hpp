// A session: text or messages in, pieces of text out, inside one KV budget. Joins the sequence (tokens), the sampler,
// the stop strings, the UTF-8 stream and the conversation. The C interface wraps this class.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/spare_memory.hpp"
#include "engine/base/work_meter.hpp"
#include "engine/generate/conversation.hpp"
#include "engine/generate/logprobs.hpp"
#include "engine/generate/sampler.hpp"
#include "engine/generate/session_file.hpp"
#include "engine/generate/stop.hpp"
#include "engine/run/sequence.hpp"
#include "engine/text/stream_decoder.hpp"

namespace brim::generate {

inline constexpr std::int64_t kMaxMessageBytes = std::int64_t{16} << 20;  ///< unless an option says otherwise

struct SessionOptions {
  run::SequenceOptions sequence;
  SamplingOptions sampling;
  std::vector<std::string> stops;
  bool ignore_end_tokens = false;
  std::int64_t limit = -1;  ///< tokens per answer; −1: none
  int logprobs = -1;  ///< of begin_prompt(): how many of the most probable tokens to note with each one; −1: nothing
  std::string chat_template;  ///< as Conversation::create
  std::string system;
  std::int64_t max_message_bytes = kMaxMessageBytes;  ///< of one message, or of one text that is appended
};

/// How one vector for a text is made of the model's states after its tokens, each normalised (Sequence::embedding).
enum class Pooling {
  none,
  last,  ///< the state after the last token
  mean,  ///< the mean over all tokens
};

enum class End { not_yet = 0, end_token = 1, stop_string = 2, limit = 3 };

struct Piece {
  std::string_view text;  ///< whole UTF-8 characters, valid until the next call on the session
  TokenId id = -1;        ///< −1 when the piece only ends the answer
  End end = End::not_yet;
};

/// Counts and seconds since the last message or append.
struct Timings {
  std::int64_t prompt_tokens = 0;
  std::int64_t generated_tokens = 0;
  std::int64_t drafted_tokens = 0;   ///< drafted by speculation
  std::int64_t accepted_tokens = 0;  ///< of those, the ones that were right
  double prompt_seconds = 0;
  double generate_seconds = 0;
};

/// One thread at a time, except cancel(). After create, next() allocates nothing. The other calls allocate what their
/// input takes; where the process has no memory left, they use what the session keeps spare for it. A call that fails
/// with out_of_memory nevertheless has changed nothing.
class Session {
 public:
  static Result<std::unique_ptr<Session>> create(std::shared_ptr<const model::Model> model, SessionOptions options);

  /// A second session that continues exactly as this one would, in its own memory, which is booked first; the progress
  /// callback stays with the first. Errors: out_of_memory with the numbers; wrong_state when prefill was interrupted;
  /// cancelled.
  Result<std::unique_ptr<Session>> fork();
  /// Writes everything that restore() needs to `path`, completely or not at all (base/new_file.hpp). `settings` belong
  /// to the caller and are returned when the file is opened. Errors: io; wrong_state when prefill was interrupted;
  /// cancelled.
  Status save(const std::string& path, const Settings& settings);
  /// A session that continues as the saved one would have. `options` must lead to the memory plan that it was saved
  /// with; other settings may differ. Errors: as create; bad_file with what was expected and found.
  static Result<std::unique_ptr<Session>> restore(std::shared_ptr<const model::Model> model, SessionOptions options,
                                                  SavedSession& saved);

  /// For a scheduler, which keeps the states of its seats elsewhere: the state, whose pieces stay valid until the next
  /// call, errors as save(); and the way back into a session with the same plan, errors those of the state, with nothing
  /// of a text left.
  Status save_state(StateWriter& state) {
    return cancellable([&] { return save(state); });
  }
  Status take_over(StateReader& state);

  void on_progress(Progress progress) { progress_ = std::move(progress); }
  /// Makes the call in progress, or else the next one, end with ErrorCode::cancelled: fork, save, append, message,
  /// regenerate, next or load_messages. The request waits until one of them has ended this way; several requests before
  /// that count as one. Any thread; signal-safe.
  void cancel() noexcept { cancel_.store(true, std::memory_order_release); }
  /// What the call in progress, or else the last one, did in addition to processing tokens: for tests.
  WorkMeter& work() { return work_; }

  Status append(std::string_view text, const text::EncodeOptions& options);
  Status append(std::span<const TokenId> ids);
  /// Adds a message; one from the user or a tool is rendered and processed, up to where the assistant answers. On
  /// failure the message is taken back; where prefill had not begun, an answer in progress goes on.
  Status message(std::string_view role, std::string_view content);
  Status regenerate();
  /// Replaces everything but the options by a text that questions will be asked about (session_document.cpp): it becomes
  /// the beginning of the user's first message, and is processed up to there, as Sequence::read_document. Errors: those
  /// of append; invalid_argument for a rule that cannot decide about documents. Where processing fails or is cancelled,
  /// the session is as after clear().
  Status document(std::string_view text);
  /// Once a stop string was complete, returns an empty piece that ends the answer. Errors: cancelled; wrong_state when
  /// no token was processed; bad_file when no token can be picked (logit_check.hpp).
  Result<Piece> next();
  struct PromptPiece;
  /// next() of several sessions of one executor, each once, with one pass for all that have a token to process: bit for
  /// bit what each of them would do alone. results[i] belongs to sessions[i]. At most model::kMaxSequences
  /// (next_together.cpp). `prompt` (may be null): the pass also processes a piece of another session's prompt; then
  /// there are fewer sessions than that, and the executor has room for these rows as well.
  static void next_together(std::span<Session* const> sessions, std::span<std::optional<Result<Piece>>> results,
                            PromptPiece* prompt = nullptr);

  /// Begins a text whose prompt next_together() processes in pieces, and that belongs to no conversation
  /// (session_prompt.cpp). Sampling, stop strings, limit and end tokens are those of `answer`. The session keeps of its
  /// text what `ids` begin with too, as far as it can without processing tokens again, or nothing where `reuse` is
  /// false; returns how many tokens those are. There is at least one id, they are ids of the vocabulary, and they
  /// outlive the prompt. Errors: those of set_sampling(), with the text before still in the cache.
  Result<std::int64_t> begin_prompt(std::span<const TokenId> ids, bool reuse, const SessionOptions& answer);
  /// To be called behind begin_prompt() with `reuse` false: what embedding() of the prompt is, instead of an answer, once
  /// none of its pieces is left. May throw bad_alloc.
  void pool(Pooling pooling);
  /// That, as a vector of unit length (of length 0 where all values are); valid until the next call.
  Result<std::span<const float>> pooled();
  /// Of the token that next() picked last; null where they were not requested. Valid until the next call.
  const Logprobs* logprobs() const noexcept { return options_.logprobs >= 0 ? &logprobs_ : nullptr; }
  /// How many tokens begin_prompt(ids, true, …) would keep now.
  std::int64_t reusable(std::span<const TokenId> ids) const noexcept;
  /// Whether pieces of the prompt are left; next() comes after the last one.
  bool in_prompt() const noexcept { return !prompt_.empty(); }
  /// No further piece will be processed: the ids are no longer needed.
  void drop_prompt() noexcept { prompt_ = {}; }
  /// Ends the answer; returns the text that was held back.
  Piece finish();

  /// Logits after the last token that was processed, one per token of the vocabulary; valid until the next call. The
  /// token that next() picked last is not processed before the next call. Errors: wrong_state when no token was
  /// processed.
  Result<std::span<const float>> logits() { return sequence_->logits(); }
  /// The model's state after that token, as run::Sequence::embedding.
  Result<std::span<const float>> embedding() { return sequence_->embedding(); }

  /// Drops everything but the options. Errors: out_of_memory for the system message; then nothing has changed.
  Status clear();
  /// Drops all but the first `tokens` tokens that were processed, at once and exactly; append what comes next. Errors:
  /// invalid_argument outside [0, tokens processed]; wrong_state, with nothing changed, where entries that are needed
  /// again were evicted, slid out of a window or moved.
  Status rewind(std::int64_t tokens);
  /// Changes the sampling (a new sampler begins at its seed) or the way answers end.
  Status set_sampling(const SamplingOptions& sampling);
  /// In the middle of an answer: text that the old stop strings held back and the new ones do not comes with the next
  /// piece.
  void set_stops(std::vector<std::string> stops);
  void set_ignore_end_tokens(bool ignore) { options_.ignore_end_tokens = ignore; }
  void set_limit(std::int64_t limit) { options_.limit = limit; }
  void set_max_message_bytes(std::int64_t bytes) { options_.max_message_bytes = bytes; }
  /// Takes effect with the next message.
  Status set_system(std::string_view system);
  std::string messages();
  /// Replaces the conversation and processes it, as far as the cache does not hold it already. Where the last message
  /// is the user's or a tool's, up to where the assistant answers. On failure the messages are the previous ones.
  /// Errors: invalid_argument, also for more bytes than the text that a conversation keeps plus one or two messages,
  /// with escapes for each byte; those of the template; cancelled. `dropped` (may be null): members of messages that the
  /// conversation does not keep, as templates::read_messages names them.
  Status load_messages(std::string_view json, std::vector<std::string>* dropped = nullptr);

  const run::Sequence& sequence() const { return *sequence_; }
  const SessionOptions& options() const { return options_; }
  const Timings& timings() const { return timings_; }

 private:
  Session(std::shared_ptr<const model::Model> model, SessionOptions options, std::unique_ptr<run::Sequence> sequence,
          Conversation conversation, Sampler sampler);
  // Runs a call that cancel() may end: a request stays until it has ended a call.
  template <class Call>
  auto cancellable(Call&& call) -> decltype(call()) {
    work_.restart();
    auto result = work_.poll() ? call() : decltype(call())(cancelled_error());
    if (!result && result.error().code == ErrorCode::cancelled) cancel_.store(false, std::memory_order_release);
    return result;
  }
  // Runs work that needs memory for texts, with the spare memory where there is no other.
  template <class Work>
  auto on_spare(Work&& work) -> decltype(work()) {
    auto result = with_spare(spare_, work);
    keep_spare();
    return result;
  }
  void keep_spare() noexcept;
  struct Undo;
  static Result<std::unique_ptr<Session>> create(std::shared_ptr<const model::Model> model, SessionOptions options,
                                                 run::Sequence::Planned planned);
  Status save(StateWriter& state);
  Status write(const std::string& path, const Settings& settings);
  Result<std::unique_ptr<Session>> copy();
  Status restore(StateReader& state);
  Status reserve_texts();
  void reserve_piece(std::size_t unmatched, std::size_t longest_stop);
  /// Makes room for the longest answer that is kept, for one piece and for `further` bytes; returns how much.
  std::size_t reserve_answer(std::size_t further);
  run::PassEntry begin_piece(const PromptPiece& piece) noexcept;
  void end_piece(PromptPiece& piece, run::PassEntry& entry, double seconds) noexcept;
  Status read_ids(std::span<const TokenId> ids);
  Status append_text(std::string_view text, const text::EncodeOptions& options);
  Status check_size(std::string_view what, std::size_t bytes) const;
  Status check_json_size(std::size_t bytes) const;
  Status add_message(std::string_view role, std::string_view content);
  Status replace_by_document(std::string_view text);
  void begin_again(templates::ChatMessage system) noexcept;
  Status give_again();
  Status replace_messages(std::string_view json, std::vector<std::string>* dropped);
  Result<Piece> pick();
  std::optional<Piece> ended();
  void note_read() noexcept;
  Result<Piece> choose();
  Status read_conversation(std::optional<std::string_view> answer, bool to_answer, Undo& undo);
  struct Branches;
  Result<std::int64_t> tokens_shared(const Branches& of, bool to_answer, std::size_t without);
  Status find_branches(Branches& branches, bool to_answer);
  std::string held_back() const;
  void keep_answer(std::string_view text);
  void drop_oldest_messages(bool to_answer) noexcept;
  void begin_stream();
  void begin_answer();
  void end_conversing();
  void match_again();
  void begin_piece();
  bool ends_answer(TokenId id) const;
  Piece end_answer(TokenId id, End end);

  std::shared_ptr<const model::Model> model_;
  SessionOptions options_;
  std::unique_ptr<run::Sequence> sequence_;
  Conversation conversation_;
  Sampler sampler_;
  StopMatcher stops_;
  text::StreamDecoder stream_;
  Progress progress_;
  std::atomic<bool> cancel_{false};
  WorkMeter work_{&cancel_};
  SpareMemory spare_;
  std::size_t spare_bytes_ = 0;  // from the plan, for texts that are kept and for work on them
  std::size_t json_bytes_ = 0;   // size of the longest JSON that was handed out
  // The text that the cache holds, except for the answer that the conversation keeps apart: the rendered prompt and
  // earlier answers. Empty: unknown, compare ids instead.
  std::optional<std::string> seen_text_;
  TokenId pending_ = -1;    // sampled, not processed yet
  bool answering_ = false;  // the answer belongs to the conversation's last message
  std::int64_t max_text_;   // max text of the conversation: what the plan has room for
  std::string fresh_text_, piece_text_;
  // Text of the answer that was not handed out when the stop strings changed, to be matched again; then what that gave,
  // for the next piece.
  std::string unmatched_text_, ready_text_;
  Timings timings_;
  run::SpeculationCounts counted_;   // counts before this answer
  std::span<const TokenId> prompt_;  // what is left of a prompt that is processed in pieces
  run::PromptCuts cuts_;
  Logprobs logprobs_;
  Pooling pooling_ = Pooling::none;
  std::vector<double> pooled_sum_;  // of the states after the prompt's tokens so far, for their mean
  std::vector<float> pooled_;
};

/// A piece of a session's prompt, and how processing it ended.
struct Session::PromptPiece {
  Session* session = nullptr;                 ///< in_prompt()
  std::int64_t wanted = 0;                    ///< number of tokens; run::PromptCuts decides
  const std::atomic<bool>* cancel = nullptr;  ///< ends the pass where no other session shares it; may be null
  std::int64_t tokens = 0;                    ///< processed; 0 where it failed
  Status status{};
};

}  // namespace brim::generate
