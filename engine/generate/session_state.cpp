// Session's code for saved sessions and for copying a session: everything but the options that it was created with.
#include <limits>
#include <optional>

#include "engine/base/progress_span.hpp"
#include "engine/generate/session.hpp"
#include "engine/kv/snapshot.hpp"
#include "engine/model/profile_file.hpp"
#include "platform/input_file.hpp"

namespace brim::generate {
namespace {

constexpr std::int64_t kMaxCount = std::int64_t{1} << 53;
constexpr double kMaxSeconds = 1e12;

void save_timings(const Timings& timings, StateWriter& state) {
  for (const std::int64_t count :
       {timings.prompt_tokens, timings.generated_tokens, timings.drafted_tokens, timings.accepted_tokens}) {
    state.number(count);
  }
  state.real(timings.prompt_seconds);
  state.real(timings.generate_seconds);
}

Status restore_timings(Timings& timings, StateReader& state) {
  for (std::int64_t* count :
       {&timings.prompt_tokens, &timings.generated_tokens, &timings.drafted_tokens, &timings.accepted_tokens}) {
    BRIM_TRY(state.number("tokens counted", 0, kMaxCount, *count));
  }
  BRIM_TRY(state.real("seconds", 0, kMaxSeconds, timings.prompt_seconds));
  return state.real("seconds", 0, kMaxSeconds, timings.generate_seconds);
}

/// A session must not replace the file that its model was read from, under whatever name.
Status refuse_model_file(const model::ModelFile& model, const std::string& path) {
  const std::optional<FileIdentity> replaced = file_identity(path);
  if (!replaced) return {};
  for (const FileIdentity& part : model.parts) {
    if (!part.same_file(*replaced)) continue;
    return error(ErrorCode::invalid_argument, path, " is the model's own file (", model.path,
                 "): name another file to save to");
  }
  return {};
}

}  // namespace

Status Session::save(StateWriter& state) {
  BRIM_TRY(sequence_->settle(&cancel_));
  BRIM_TRY(sequence_->save(state));
  sampler_.save(state);
  const std::string messages = conversation_.json(&work_);
  if (work_.cancelled()) return cancelled_error();
  state.text(messages);
  state.text(stream_.held());
  state.text(ready_text_ + unmatched_text_ + stops_.held());
  state.flag(stops_.stopped());
  state.flag(seen_text_.has_value());
  state.text(seen_text_ ? *seen_text_ + std::string(conversation_.answer()) : std::string());
  state.text(conversation_.document());
  state.number(pending_);
  state.flag(answering_);
  save_timings(timings_, state);
  state.number(counted_.drafted);
  state.number(counted_.accepted);
  return {};
}

Status Session::restore(StateReader& state) {
  BRIM_TRY(sequence_->restore(state));
  BRIM_TRY(sampler_.restore(state));
  state.at("the conversation");
  std::string messages, held, held_by_stops, seen, document;
  bool stopped = false, is_seen = false;
  BRIM_TRY(state.text("messages", kMaxStateText, messages));
  BRIM_TRY(state.text("bytes of a character", 3, held));
  BRIM_TRY(state.text("the beginning of a stop string", kMaxStateText, held_by_stops));
  BRIM_TRY(state.flag("whether one was found", stopped));
  BRIM_TRY(state.flag("whether its text is known", is_seen));
  BRIM_TRY(state.text("its text", kMaxStateText, seen));
  BRIM_TRY(state.text("a document", kMaxStateText, document));
  BRIM_TRY(state.number("the token picked last", -1, model_->config().vocabulary - 1, pending_));
  BRIM_TRY(state.flag("whether an answer is being written", answering_));
  BRIM_TRY(restore_timings(timings_, state));
  BRIM_TRY(state.number("tokens drafted before", 0, kMaxCount, counted_.drafted));
  BRIM_TRY(state.number("tokens drafted right before", 0, kMaxCount, counted_.accepted));
  BRIM_TRY(state.end());
  BRIM_ASSIGN(std::vector<templates::ChatMessage> said, Conversation::parse(messages, state.meter()));
  conversation_.replace(std::move(said));
  conversation_.set_document(std::move(document));
  if (answering_ && !conversation_.last_is("assistant")) {
    return state.wrong("the last message", "the answer that is being written", "another");
  }
  if (answering_) conversation_.reopen_answer();
  begin_stream();
  stream_.resume(held);
  if (stopped) stops_.stop();
  reserve_piece(held_by_stops.size(), stops_.longest());
  reserve_answer(0);
  unmatched_text_ = std::move(held_by_stops);
  seen_text_.reset();
  if (!is_seen || !seen.ends_with(conversation_.answer())) return {};
  seen.resize(seen.size() - conversation_.answer().size());
  seen_text_ = std::move(seen);
  return {};
}

Status Session::take_over(StateReader& state) {
  drop_prompt();
  const Status status = restore(state);
  if (status) return {};
  sequence_->clear();
  conversation_.clear();
  end_conversing();
  return status;
}

Result<std::unique_ptr<Session>> Session::fork() {
  return cancellable([&] { return copy(); });
}

Result<std::unique_ptr<Session>> Session::copy() {
  StateWriter state;
  BRIM_TRY(save(state));
  run::SequenceOptions of_copy = options_.sequence;
  of_copy.preparing = [this](long long, long long) { return work_.poll(); };
  BRIM_ASSIGN(std::unique_ptr<run::Sequence> sequence, sequence_->sibling(of_copy));
  BRIM_ASSIGN(Sampler sampler, Sampler::create(sampler_.options(), model_->config().vocabulary));
  BRIM_ASSIGN(Conversation conversation,
              Conversation::create(model_->tokenizer(), options_.chat_template, model_->chat_template(), &work_));
  std::unique_ptr<Session> copy(
      new Session(model_, options_, std::move(sequence), std::move(conversation), std::move(sampler)));
  BRIM_TRY(copy->reserve_texts());
  StateReader source("a copy of the session", state.parts());
  source.meter(&work_);
  BRIM_TRY(copy->restore(source));
  return copy;
}

Status Session::save(const std::string& path, const Settings& settings) {
  return cancellable([&] { return on_spare([&] { return write(path, settings); }); });
}

Status Session::write(const std::string& path, const Settings& settings) {
  BRIM_TRY(refuse_model_file(model_->file(), path));
  StateWriter state;
  generate::save(SessionOrigin{model_->config().name, model_->file().profiles.fingerprint, settings,
                               sequence_->memory().automatic_bytes},
                 state);
  BRIM_TRY(save(state));
  return write_session_file(path, state, &work_);
}

Result<std::unique_ptr<Session>> Session::restore(std::shared_ptr<const model::Model> model, SessionOptions options,
                                                  SavedSession& saved) {
  options.sequence.automatic_bytes = saved.origin().automatic_bytes;
  const Progress whole = options.sequence.preparing;
  const long long bytes = saved.bytes(), total = kRestorePhases * bytes;
  options.sequence.preparing = progress_span(whole, 2 * bytes, 3 * bytes, total);
  // A file that does not match is refused before memory is booked for it.
  BRIM_ASSIGN(run::Sequence::Planned planned, run::Sequence::plan(*model, options.sequence));
  StateReader beginning = saved.state();
  BRIM_TRY(kv::check_plan(planned.memory.kv, beginning));
  BRIM_ASSIGN(std::unique_ptr<Session> session, create(std::move(model), std::move(options), std::move(planned)));
  Progress copying = progress_span(whole, 3 * bytes, total, total);
  WorkMeter meter(
      [](void* context) {
        const Progress& progress = *static_cast<const Progress*>(context);
        return !progress || progress(0, 1);
      },
      &copying);
  saved.state().meter(&meter);
  const Status status = session->restore(saved.state());
  saved.state().meter(nullptr);
  if (!status) return status.error();
  if (copying && !copying(1, 1)) return cancelled_error();
  return session;
}

}  // namespace brim::generate
