// See session.hpp.
#include "engine/generate/session.hpp"

#include <algorithm>

#include "engine/generate/dry_breakers.hpp"
#include "engine/generate/logit_check.hpp"
#include "engine/generate/stopwatch.hpp"
#include "engine/run/text_memory.hpp"

namespace brim::generate {
namespace {

// Reserved so that stop strings that are set later do not make the memory for answers grow.
constexpr std::size_t kRoomForStops = 4096;

// DRY, when it is enabled, stops counting at line ends and quotes. The model's file may ban tokens.
Result<Sampler> make_sampler(SamplingOptions options, const model::Model& model) {
  if (options.dry_multiplier > 0 && options.dry_breakers.empty()) {
    BRIM_ASSIGN(options.dry_breakers, find_dry_breakers(model.tokenizer(), default_dry_breakers()));
  }
  options.suppressed = model.tokenizer().vocabulary().suppressed;
  return Sampler::create(options, model.config().vocabulary);
}

}  // namespace

Result<std::unique_ptr<Session>> Session::create(std::shared_ptr<const model::Model> model, SessionOptions options) {
  BRIM_ASSIGN(run::Sequence::Planned planned, run::Sequence::plan(*model, options.sequence));
  return create(std::move(model), std::move(options), std::move(planned));
}

Result<std::unique_ptr<Session>> Session::create(std::shared_ptr<const model::Model> model, SessionOptions options,
                                                 run::Sequence::Planned planned) {
  BRIM_ASSIGN(Sampler sampler, make_sampler(options.sampling, *model));
  struct Beginning {
    const Progress& preparing;
    long long total;
  } beginning{options.sequence.preparing, planned.memory.prepared_bytes()};
  WorkMeter meter(
      [](void* context) {
        const auto& [preparing, total] = *static_cast<const Beginning*>(context);
        return !preparing || preparing(0, total);
      },
      &beginning);
  BRIM_ASSIGN(Conversation conversation,
              Conversation::create(model->tokenizer(), options.chat_template, model->chat_template(), &meter));
  conversation.set_system(options.system);
  BRIM_ASSIGN(std::unique_ptr<run::Sequence> sequence, run::Sequence::create(model, std::move(planned)));
  options.sequence.preparing = {};
  std::unique_ptr<Session> session(new Session(std::move(model), std::move(options), std::move(sequence),
                                               std::move(conversation), std::move(sampler)));
  BRIM_TRY(session->check_size("the system message", session->options_.system.size()));
  BRIM_TRY(session->reserve_texts());
  return session;
}

Session::Session(std::shared_ptr<const model::Model> model, SessionOptions options,
                 std::unique_ptr<run::Sequence> sequence, Conversation conversation, Sampler sampler)
    : model_(std::move(model)),
      options_(std::move(options)),
      sequence_(std::move(sequence)),
      conversation_(std::move(conversation)),
      sampler_(std::move(sampler)),
      stops_(options_.stops),
      max_text_(run::max_kept_text(sequence_->memory().kv.shape.context)) {}

// Room for any token's text and for an answer of max length, so that writing one does not allocate; and for rendering
// and tokenizing a message, for the case that no other memory is left by then. All of this is counted in the plan.
Status Session::reserve_texts() {
  constexpr std::size_t kReplacement = 3;  // bytes of U+FFFD, which may stand for each byte
  const std::size_t longest = kReplacement * (model_->tokenizer().longest_piece() + kReplacement);
  fresh_text_.reserve(longest);
  reserve_piece(0, stops_.longest());
  const std::size_t answer = reserve_answer(kRoomForStops);
  const std::size_t kept = answer + fresh_text_.capacity() + piece_text_.capacity();
  const auto planned = static_cast<std::size_t>(run::text_memory(max_text_));
  spare_bytes_ = planned - std::min(planned, kept);
  BRIM_ASSIGN(spare_, SpareMemory::take(spare_bytes_));
  keep_spare();
  return {};
}

// The spare memory is reduced by what is kept between calls: messages, the text that the cache holds, JSON that was
// handed out.
void Session::keep_spare() noexcept {
  const std::size_t living =
      static_cast<std::size_t>(conversation_.bytes()) + (seen_text_ ? seen_text_->capacity() : 0) + json_bytes_;
  spare_.keep(spare_bytes_ - std::min(spare_bytes_, living));
}

// A piece consists of what was ready before it, the beginning of a stop string and a token's text.
void Session::reserve_piece(std::size_t unmatched, std::size_t longest_stop) {
  ready_text_.reserve(unmatched);
  piece_text_.reserve(unmatched + longest_stop + fresh_text_.capacity());
}

// An answer is cut to half of the max text that is kept, after a piece was added to it.
std::size_t Session::reserve_answer(std::size_t further) {
  const std::size_t room = static_cast<std::size_t>(max_text_) / 2 + piece_text_.capacity() + further;
  conversation_.reserve(room);
  return room;
}

void Session::begin_stream() {
  stream_.reset();
  stops_.reset();
  unmatched_text_.clear();
  ready_text_.clear();
}

void Session::begin_answer() {
  begin_stream();
  timings_.generated_tokens = timings_.drafted_tokens = timings_.accepted_tokens = 0;
  timings_.generate_seconds = 0;
  counted_ = sequence_->speculation();
}

Status Session::append(std::span<const TokenId> ids) {
  return cancellable([&] { return on_spare([&] { return read_ids(ids); }); });
}

Status Session::append(std::string_view text, const text::EncodeOptions& options) {
  return cancellable([&] { return on_spare([&] { return append_text(text, options); }); });
}

Status Session::message(std::string_view role, std::string_view content) {
  return cancellable([&] { return on_spare([&] { return add_message(role, content); }); });
}

Status Session::regenerate() {
  return cancellable([&] { return on_spare([&] { return give_again(); }); });
}

Status Session::load_messages(std::string_view json, std::vector<std::string>* dropped) {
  return cancellable([&] { return on_spare([&] { return replace_messages(json, dropped); }); });
}

Result<Piece> Session::next() {
  return cancellable([&] { return pick(); });
}

Status Session::read_ids(std::span<const TokenId> ids) {
  for (const TokenId id : ids) {
    if (!work_.step()) return cancelled_error();
    if (id < 0 || id >= model_->config().vocabulary) {
      return error(ErrorCode::invalid_argument, "token id ", id, ": expected 0 to ", model_->config().vocabulary - 1);
    }
  }
  std::vector<TokenId> joined;
  if (pending_ >= 0) {
    joined.reserve(ids.size() + 1);
    joined.push_back(pending_);
    joined.insert(joined.end(), ids.begin(), ids.end());
    ids = joined;
  }
  timings_ = {};
  answering_ = false;
  seen_text_.reset();
  pending_ = -1;
  begin_answer();
  timings_.prompt_tokens = static_cast<std::int64_t>(ids.size());
  const Stopwatch stopwatch(timings_.prompt_seconds);
  return sequence_->read(ids, progress_, &cancel_);
}

Status Session::append_text(std::string_view text, const text::EncodeOptions& options) {
  BRIM_TRY(check_size("the text", text.size()));
  text::EncodeOptions here = options;
  here.add_special = options.add_special && sequence_->tokens() == 0 && pending_ < 0;
  here.meter = &work_;
  BRIM_ASSIGN(std::vector<TokenId> ids, model_->tokenizer().encode(text, here));
  const text::Vocabulary& vocabulary = model_->tokenizer().vocabulary();
  // An end token after a prompt that will be continued would end it.
  if (here.add_special && vocabulary.add_eos && !ids.empty() && ids.back() == vocabulary.eos) ids.pop_back();
  return read_ids(ids);
}

// An answer longer than the room for it loses its beginning, as a long conversation loses messages (drop_oldest_messages).
// What comes next is processed after what the cache has seen, and the cache evicts by its own rules.
void Session::keep_answer(std::string_view text) {
  conversation_.extend_answer(text);
  conversation_.cut_answer(max_text_);
}

// What finish() would return and keep.
std::string Session::held_back() const {
  if (!answering_) return {};
  std::string text = ready_text_, last;
  text::StreamDecoder stream = stream_;
  StopMatcher stops = stops_;
  stream.flush(last);
  if (!stops.push(unmatched_text_ + last, text)) stops.flush(text);
  return text;
}

// A begin token that the file names ends an answer too: models that were trained on texts one after another end a text
// by beginning the next one.
bool Session::ends_answer(TokenId id) const {
  const text::Tokenizer& tokenizer = model_->tokenizer();
  const text::Vocabulary& vocabulary = tokenizer.vocabulary();
  return tokenizer.ends_generation(id) || (vocabulary.names_bos && id == vocabulary.bos);
}

// Text that earlier stop strings held back is matched against the current ones.
void Session::match_again() {
  if (unmatched_text_.empty()) return;
  stops_.push(unmatched_text_, ready_text_);
  unmatched_text_.clear();
}

// The text of a piece begins with what was ready before it.
void Session::begin_piece() {
  piece_text_.assign(ready_text_);
  ready_text_.clear();
}

Piece Session::end_answer(TokenId id, End end) {
  if (end != End::stop_string) {
    fresh_text_.clear();
    stream_.flush(fresh_text_);
    if (!stops_.push(fresh_text_, piece_text_)) stops_.flush(piece_text_);
  }
  if (answering_) {
    keep_answer(piece_text_);
    if (end == End::stop_string) seen_text_.reset();  // it cut text that is in the cache
  }
  return {piece_text_, id, end};
}

// The piece that reports the end, where the answer has ended before.
std::optional<Piece> Session::ended() {
  match_again();
  if (!stops_.stopped() && (options_.limit < 0 || timings_.generated_tokens < options_.limit)) return std::nullopt;
  begin_piece();
  return end_answer(-1, stops_.stopped() ? End::stop_string : End::limit);
}

// The token that was picked last is now part of the past.
void Session::note_read() noexcept {
  pending_ = -1;
  timings_.drafted_tokens = sequence_->speculation().drafted - counted_.drafted;
  timings_.accepted_tokens = sequence_->speculation().accepted - counted_.accepted;
}

Result<Piece> Session::pick() {
  if (const std::optional<Piece> last = ended()) return *last;
  const Stopwatch stopwatch(timings_.generate_seconds);
  if (pending_ >= 0) {
    BRIM_TRY(sequence_->read_next(pending_, &cancel_, true));
    note_read();
    if (!work_.poll()) return cancelled_error();  // a pass shared with others is not ended by cancel()
  }
  return choose();
}

Result<Piece> Session::choose() {
  BRIM_ASSIGN(const std::span<const float> logits, sequence_->logits(&cancel_));
  TokenId id = Sampler::kNoToken;
  {
    const run::Executor::Sampling lent = sequence_->executor().sampling();
    id = sampler_.sample(logits, sequence_->history(), lent.memory());
  }
  if (id == Sampler::kNoToken) return no_token_error(logits, sequence_->tokens());
  if (options_.logprobs >= 0) find_logprobs(logits, id, options_.logprobs, logprobs_);
  ++timings_.generated_tokens;
  begin_piece();
  if (!options_.ignore_end_tokens && ends_answer(id)) return end_answer(id, End::end_token);
  pending_ = id;
  fresh_text_.clear();
  stream_.push(model_->tokenizer().piece(id, false), fresh_text_);
  if (stops_.push(fresh_text_, piece_text_)) return end_answer(id, End::stop_string);
  if (answering_) keep_answer(piece_text_);
  return Piece{piece_text_, id, End::not_yet};
}

Piece Session::finish() {
  match_again();
  begin_piece();
  const Piece piece = end_answer(-1, stops_.stopped() ? End::stop_string : End::limit);
  begin_stream();  // the counts and times of the answer are kept
  return piece;
}

Status Session::clear() {
  // First the steps that need memory.
  templates::ChatMessage system;
  if (!options_.system.empty()) {
    BRIM_ASSIGN(system, on_spare([&] { return Conversation::make_message("system", options_.system); }));
  }
  begin_again(std::move(system));
  return {};
}

// `system`: the message of that role, where there is one.
void Session::begin_again(templates::ChatMessage system) noexcept {
  sequence_->clear();
  conversation_.clear();
  if (!options_.system.empty()) conversation_.put_back(std::move(system));
  sampler_.reset();
  end_conversing();
}

// The text that the cache holds is no longer known, and no answer continues.
void Session::end_conversing() {
  timings_ = {};
  begin_answer();
  seen_text_.reset();
  pending_ = -1;
  answering_ = false;
}

Status Session::rewind(std::int64_t tokens) {
  if (tokens < 0 || tokens > sequence_->tokens()) {
    return error(ErrorCode::invalid_argument, "tokens to keep: expected 0 to ", sequence_->tokens(), ", found ",
                 tokens);
  }
  if (!sequence_->truncate(tokens)) {
    return error(ErrorCode::wrong_state, "cannot go back to token ", tokens, ": entries it needs are no longer in the ",
                 "cache as they were; clear the session and read the text again");
  }
  end_conversing();
  return {};
}

Status Session::set_sampling(const SamplingOptions& sampling) {
  return on_spare([&]() -> Status {
    SamplingOptions kept = sampling;
    BRIM_ASSIGN(sampler_, make_sampler(sampling, *model_));
    options_.sampling = std::move(kept);
    return {};
  });
}

void Session::set_stops(std::vector<std::string> stops) {
  StopMatcher matcher(stops);
  std::string unmatched = ready_text_ + unmatched_text_ + stops_.held();
  reserve_piece(unmatched.size(), matcher.longest());
  reserve_answer(0);
  stops_ = std::move(matcher);
  ready_text_.clear();
  unmatched_text_.swap(unmatched);
  options_.stops = std::move(stops);
}

Status Session::set_system(std::string_view system) {
  BRIM_TRY(check_size("the system message", system.size()));
  std::string replacement(system);
  conversation_.set_system(system);
  options_.system.swap(replacement);
  return {};
}

}  // namespace brim::generate
