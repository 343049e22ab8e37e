// See one_shot.hpp.
#include "apps/chat/one_shot.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "apps/generation/report.hpp"
#include "apps/terminal/error_output.hpp"
#include "apps/terminal/output.hpp"
#include "apps/terminal/quantities.hpp"

namespace brim::apps {
namespace {

// While this object lives, the answer may fill the rest of the context, because the user may not be there to stop it. A
// limit that the session has from a saved file stays in force.
class ContextLimit {
 public:
  explicit ContextLimit(Session& session) : session_(session) {
    for (const std::string& limit : session.option("limit")) limited_ = limit != kNone;
  }
  ~ContextLimit() {
    if (placed_) brim_session_set(session_.get(), "limit", kNone);
  }
  ContextLimit(const ContextLimit&) = delete;
  ContextLimit& operator=(const ContextLimit&) = delete;

  void place() {
    if (limited_) return;
    const brim_stats stats = session_.stats();
    const std::int64_t left = std::max<std::int64_t>({stats.context - stats.position, stats.context / 4, 1});
    session_.set("limit", fmt::format("{}", left));
    placed_ = true;
  }
  bool placed() const { return placed_; }

 private:
  static constexpr const char* kNone = "-1";
  Session& session_;
  bool limited_ = false;
  bool placed_ = false;
};

}  // namespace

bool answer_once(Session& session, Turns& turns, const OneShot& one_shot) {
  ContextLimit limit(session);
  const auto ask = [&] {
    session.message("user", one_shot.question);
    if (!one_shot.limited) limit.place();
  };
  const Answer answer = turns.take(ask, !one_shot.json, one_shot.status);
  const brim_stats stats = session.stats();
  if (one_shot.json) write_output(answer_json(answer, stats));
  if (limit.placed() && answer.end == Session::End::limit) {
    say_notice(
        fmt::format("The answer was ended after {} tokens, where the context of {} ends: -n N sets the limit, -n -1 "
                    "none.",
                    grouped_text(stats.generated_tokens), grouped_text(stats.context)));
  }
  return !answer.interrupted;
}

}  // namespace brim::apps
