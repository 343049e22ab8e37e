// See one_shot.hpp.
#include "apps/chat/one_shot.hpp"

#include "apps/generation/report.hpp"
#include "apps/terminal/output.hpp"

namespace brim::apps {

bool answer_once(Session& session, Turns& turns, const OneShot& one_shot) {
  const Answer answer =
      turns.take([&] { session.message("user", one_shot.question); }, !one_shot.json, one_shot.status);
  if (one_shot.json) write_output(answer_json(answer, session.stats()));
  return !answer.interrupted;
}

}  // namespace brim::apps
