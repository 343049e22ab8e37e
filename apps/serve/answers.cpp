// See answers.hpp.
#include "apps/serve/answers.hpp"

#include <string>
#include <utility>

#include "apps/terminal/error_output.hpp"

namespace brim::apps::serve {
namespace {

constexpr std::size_t kEvents = 32;                 // with 17 nothing has to wait for the next step
constexpr std::int64_t kLongWait = 60 * 60 * 1000;  // ms; submitting and ending wake it

AnswerPiece piece_of(const brim_event& event) {
  AnswerPiece piece;
  piece.text.assign(event.text, event.text_size);
  piece.end = static_cast<Session::End>(event.end);
  piece.status = static_cast<brim_status>(event.status);
  piece.embedding.assign(event.embedding, event.embedding + event.embedding_count);
  piece.prompt_tokens = event.prompt_tokens;
  piece.cached_tokens = event.cached_tokens;
  piece.generated_tokens = event.generated_tokens;
  piece.logprobs = logprobs_of(event);
  return piece;
}

void say_safely(const char* sentence) noexcept {
  try {
    say(std::string("brim: ") + sentence);
  } catch (...) {
    // There is no memory for the line; the next one may have it.
  }
}

}  // namespace

Answers::Answers(Scheduler scheduler) : scheduler_(std::move(scheduler)), events_(kEvents) {
  thread_ = std::thread([this] { compute(); });
}

void Answers::end() noexcept {
  if (!thread_.joinable()) return;
  ending_.store(true);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& [id, sink] : sinks_) scheduler_.cancel(id);  // a long pass ends early
  }
  scheduler_.wake();
  thread_.join();
  const std::lock_guard<std::mutex> lock(mutex_);
  sinks_.clear();
}

std::int64_t Answers::submit(const Scheduler::Request& request, std::shared_ptr<AnswerSink> sink) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::int64_t id = scheduler_.submit(request);
  try {
    sinks_.emplace(id, std::move(sink));
  } catch (...) {
    scheduler_.cancel(id);
    throw;
  }
  return id;
}

void Answers::compute() noexcept {
  while (!ending_.load()) {
    std::int32_t work = 0;
    if (brim_scheduler_wait(scheduler_.get(), kLongWait, &work) != BRIM_OK || work == 0) continue;
    std::size_t count = events_.size();
    events_[0].size = sizeof(brim_event);
    const brim_status status = brim_scheduler_step(scheduler_.get(), events_.data(), &count);
    for (std::size_t i = 0; i < count; ++i) deliver(events_[i]);
    if (status != BRIM_OK) fail_all(status);
  }
}

void Answers::deliver(const brim_event& event) noexcept {
  std::shared_ptr<AnswerSink> sink;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = sinks_.find(event.id);
    if (found == sinks_.end()) return;
    sink = found->second;
    if (event.status != BRIM_OK || event.end != 0) sinks_.erase(found);
  }
  // Sentences of such failures stay here: they may name files.
  if (event.status == BRIM_BAD_FILE || event.status == BRIM_IO || event.status == BRIM_INTERNAL) say_safely(event.text);
  try {
    sink->take(piece_of(event));
  } catch (...) {
    sink->lose();
    scheduler_.cancel(event.id);
  }
}

// A step that fails as a whole has lost its events: every request ends.
void Answers::fail_all(brim_status status) noexcept {
  say_safely(brim_last_error());
  std::map<std::int64_t, std::shared_ptr<AnswerSink>> sinks;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    sinks.swap(sinks_);
  }
  for (const auto& [id, sink] : sinks) {
    scheduler_.cancel(id);
    try {
      AnswerPiece piece;
      piece.status = status;
      piece.text = "a pass failed";
      sink->take(std::move(piece));
    } catch (...) {
      sink->lose();
    }
  }
}

}  // namespace brim::apps::serve
