// See session.hpp.
#include "engine/generate/session.hpp"

#include <algorithm>

#include "engine/generate/dry_breakers.hpp"

namespace brim::generate {
namespace {

class Stopwatch {
 public:
  explicit Stopwatch(double& seconds) : seconds_(seconds) {}
  ~Stopwatch() { seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  double& seconds_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// DRY, when it is on, stops counting at what ends lines and quotes.
Result<Sampler> make_sampler(SamplingOptions options, const model::Model& model) {
  if (options.dry_multiplier > 0 && options.dry_breakers.empty()) {
    BRIM_ASSIGN(options.dry_breakers, find_dry_breakers(model.tokenizer(), default_dry_breakers()));
  }
  return Sampler::create(options, model.config().vocabulary);
}

}  // namespace

Result<std::unique_ptr<Session>> Session::create(std::shared_ptr<const model::Model> model, SessionOptions options) {
  BRIM_ASSIGN(Sampler sampler, make_sampler(options.sampling, *model));
  BRIM_ASSIGN(Conversation conversation,
              Conversation::create(model->tokenizer(), options.chat_template, model->chat_template()));
  conversation.set_system(options.system);
  BRIM_ASSIGN(std::unique_ptr<Reader> reader, Reader::create(model, options.reader));
  return std::unique_ptr<Session>(new Session(std::move(model), std::move(options), std::move(reader),
                                              std::move(conversation), std::move(sampler)));
}

Session::Session(std::shared_ptr<const model::Model> model, SessionOptions options, std::unique_ptr<Reader> reader,
                 Conversation conversation, Sampler sampler)
    : model_(std::move(model)),
      options_(std::move(options)),
      reader_(std::move(reader)),
      conversation_(std::move(conversation)),
      sampler_(std::move(sampler)),
      stops_(options_.stops),
      most_text_(most_kept_text(reader_->memory().kv.shape.context)) {
  // Room for any token's text, so that streaming an answer does not allocate.
  fresh_text_.reserve(4096);
  piece_text_.reserve(4096);
}

Status Session::take_cancel() {
  if (cancel_.exchange(false)) return error(ErrorCode::cancelled, "the session was asked to stop");
  return {};
}

void Session::begin_answer() {
  stream_.reset();
  stops_.reset();
  timings_.generated_tokens = timings_.drafted_tokens = timings_.accepted_tokens = 0;
  timings_.generate_seconds = 0;
  counted_ = reader_->speculation();
}

Status Session::append(std::span<const TokenId> ids) {
  BRIM_TRY(take_cancel());
  timings_ = {};
  std::vector<TokenId> all;
  if (pending_ >= 0) all.push_back(pending_);
  all.insert(all.end(), ids.begin(), ids.end());
  for (const TokenId id : all) {
    if (id < 0 || id >= model_->config().vocabulary) {
      return error(ErrorCode::invalid_argument, "token id ", id, ": expected 0 to ", model_->config().vocabulary - 1);
    }
  }
  answering_ = false;
  seen_text_.reset();
  pending_ = -1;
  begin_answer();
  timings_.prompt_tokens = static_cast<std::int64_t>(all.size());
  const Stopwatch stopwatch(timings_.prompt_seconds);
  const Status status = reader_->read(all, progress_, &cancel_);
  cancel_.store(false);
  return status;
}

Status Session::append(std::string_view text, const text::EncodeOptions& options) {
  text::EncodeOptions here = options;
  here.add_special = options.add_special && reader_->tokens() == 0 && pending_ < 0;
  BRIM_ASSIGN(std::vector<TokenId> ids, model_->tokenizer().encode(text, here));
  const text::Vocabulary& vocabulary = model_->tokenizer().vocabulary();
  // An end token after a prompt that is to be continued would end it.
  if (here.add_special && vocabulary.add_eos && !ids.empty() && ids.back() == vocabulary.eos) ids.pop_back();
  return append(ids);
}

// Brings the cache to the conversation's text: what follows the text it stands for is read; when the text changed before
// that (templates may rewrite past answers), ids are compared and the cache goes back to where they part.
Status Session::read_conversation() {
  BRIM_ASSIGN(const std::string rendered, conversation_.render());
  std::vector<TokenId> ids;
  std::int64_t keep = reader_->tokens();
  if (seen_text_ && !seen_text_->empty() && rendered.starts_with(*seen_text_)) {
    if (pending_ >= 0) ids.push_back(pending_);
    BRIM_ASSIGN(const auto more, conversation_.encode(std::string_view(rendered).substr(seen_text_->size()), false));
    ids.insert(ids.end(), more.begin(), more.end());
  } else {
    BRIM_ASSIGN(ids, conversation_.encode(rendered, true));
    const auto history = reader_->history();
    keep = 0;
    if (reader_->history_start() == 0) {
      while (keep < static_cast<std::int64_t>(std::min(history.size(), ids.size())) &&
             history[static_cast<std::size_t>(keep)] == ids[static_cast<std::size_t>(keep)]) {
        ++keep;
      }
      // The last token is read again for its logits.
      keep = std::min(keep, static_cast<std::int64_t>(ids.size()) - 1);
    }
    ids.erase(ids.begin(), ids.begin() + std::max<std::int64_t>(keep, 0));
  }
  timings_ = {};
  begin_answer();
  seen_text_.reset();
  pending_ = -1;
  const Stopwatch stopwatch(timings_.prompt_seconds);
  timings_.prompt_tokens = static_cast<std::int64_t>(ids.size());
  Status status = reader_->rewind(std::max<std::int64_t>(keep, 0), progress_, &cancel_);
  if (status) status = reader_->read(ids, progress_, &cancel_);
  cancel_.store(false);
  if (!status) return status;
  seen_text_ = rendered;
  return {};
}

// What comes next is read after what the cache has seen, dropped messages included: only the text that it stands for becomes
// shorter, as the template writes what is left. So dropping costs no reading, and the cache forgets by its own rules.
void Session::forget_oldest() {
  if (!conversation_.drop_oldest(most_text_) || !seen_text_) return;
  auto rendered = conversation_.render();
  if (rendered) {
    seen_text_ = std::move(*rendered);
  } else {
    seen_text_.reset();
  }
}

// An answer longer than there is room for loses its beginning.
void Session::keep_answer(std::string_view text) {
  conversation_.extend_last(text);
  if (conversation_.cut_last(most_text_)) seen_text_.reset();
  if (seen_text_) seen_text_->append(text);
}

Status Session::message(std::string_view role, std::string_view content) {
  BRIM_TRY(take_cancel());
  if (answering_) finish();
  BRIM_TRY(conversation_.add(role, content));
  answering_ = false;
  if (role == "system" || role == "assistant") return {};
  // Also where there is no memory to render it with.
  struct TakeBack {
    Conversation* conversation;
    ~TakeBack() {
      if (conversation != nullptr) conversation->drop_last();
    }
  } take_back{&conversation_};
  BRIM_TRY(read_conversation());
  take_back.conversation = nullptr;
  forget_oldest();
  answering_ = true;
  return conversation_.add("assistant", "");
}

Status Session::regenerate() {
  BRIM_TRY(take_cancel());
  if (!conversation_.last_is("assistant")) {
    return error(ErrorCode::wrong_state, "there is no answer to give again");
  }
  conversation_.drop_last();
  // The text has to be compared by ids: the cache holds the answer that is dropped.
  seen_text_.reset();
  answering_ = false;
  const Status status = read_conversation();
  BRIM_TRY(conversation_.add("assistant", ""));
  answering_ = status.ok();
  return status;
}

// A begin token that the file names ends an answer too: models that were trained on texts one after another end a text by
// beginning the next.
bool Session::ends_answer(TokenId id) const {
  const text::Tokenizer& tokenizer = model_->tokenizer();
  const text::Vocabulary& vocabulary = tokenizer.vocabulary();
  return tokenizer.ends_generation(id) || (vocabulary.names_bos && id == vocabulary.bos);
}

Piece Session::end_answer(TokenId id, End end) {
  if (end != End::stop_string) {
    fresh_text_.clear();
    stream_.flush(fresh_text_);
    if (!stops_.push(fresh_text_, piece_text_)) stops_.flush(piece_text_);
  }
  if (answering_) {
    keep_answer(piece_text_);
    if (end == End::stop_string) seen_text_.reset();  // it cut text that the cache has read
  }
  return {piece_text_, id, end};
}

Result<Piece> Session::next() {
  BRIM_TRY(take_cancel());
  piece_text_.clear();
  if (options_.limit >= 0 && timings_.generated_tokens >= options_.limit) return end_answer(-1, End::limit);
  const Stopwatch stopwatch(timings_.generate_seconds);
  if (pending_ >= 0) {
    const Status status = reader_->read_next(pending_, &cancel_);
    if (!status) {
      cancel_.store(false);
      return status.error();
    }
    pending_ = -1;
    timings_.drafted_tokens = reader_->speculation().drafted - counted_.drafted;
    timings_.accepted_tokens = reader_->speculation().accepted - counted_.accepted;
  }
  BRIM_ASSIGN(const std::span<const float> logits, reader_->logits());
  const TokenId id = sampler_.sample(logits, reader_->history());
  ++timings_.generated_tokens;
  if (!options_.ignore_end_tokens && ends_answer(id)) return end_answer(id, End::end_token);
  pending_ = id;
  fresh_text_.clear();
  stream_.push(model_->tokenizer().piece(id, false), fresh_text_);
  if (stops_.push(fresh_text_, piece_text_)) return end_answer(id, End::stop_string);
  if (answering_) keep_answer(piece_text_);
  return Piece{piece_text_, id, End::not_yet};
}

Piece Session::finish() {
  piece_text_.clear();
  const Piece piece = end_answer(-1, End::limit);
  stream_.reset();  // the counts and times of the answer stay
  stops_.reset();
  return piece;
}

void Session::clear() {
  reader_->clear();
  conversation_.clear();
  conversation_.set_system(options_.system);
  sampler_.reset();
  begin_answer();
  seen_text_.reset();
  pending_ = -1;
  answering_ = false;
  timings_ = {};
}

Status Session::rewind(std::int64_t tokens) {
  if (tokens < 0 || tokens > reader_->tokens()) {
    return error(ErrorCode::invalid_argument, "tokens to keep: expected 0 to ", reader_->tokens(), ", found ", tokens);
  }
  if (!reader_->truncate(tokens)) {
    return error(ErrorCode::wrong_state, "cannot go back to token ", tokens, ": entries it needs are no longer in the ",
                 "cache as they were; clear the session and read the text again");
  }
  timings_ = {};
  begin_answer();
  seen_text_.reset();
  pending_ = -1;
  answering_ = false;
  return {};
}

Status Session::set_sampling(const SamplingOptions& sampling) {
  BRIM_ASSIGN(sampler_, make_sampler(sampling, *model_));
  options_.sampling = sampling;
  return {};
}

void Session::set_stops(std::vector<std::string> stops) {
  options_.stops = std::move(stops);
  stops_ = StopMatcher(options_.stops);
}

void Session::set_system(std::string_view system) {
  options_.system = system;
  conversation_.set_system(system);
}

Status Session::load_messages(std::string_view json) {
  BRIM_TRY(conversation_.load(json));
  answering_ = false;
  return {};
}

}  // namespace brim::generate
