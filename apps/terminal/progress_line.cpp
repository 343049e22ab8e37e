// See progress_line.hpp.
#include "apps/terminal/progress_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "apps/terminal/interrupts.hpp"
#include "apps/terminal/quantities.hpp"
#include "apps/terminal/style.hpp"

namespace brim::apps {

ProgressLine::ProgressLine(std::string what, Unit unit, std::chrono::milliseconds patience)
    : what_(std::move(what)), unit_(unit), next_(Clock::now() + patience) {}

void ProgressLine::update(std::int64_t done, std::int64_t total) {
  if (done_at_start_ < 0) done_at_start_ = done;
  if (!line_.possible() || total <= 0 || Clock::now() < next_) return;
  next_ = Clock::now() + std::chrono::milliseconds(100);
  done = std::clamp<std::int64_t>(done, 0, total);
  const std::string amount = unit_ == Unit::bytes ? fmt::format("{} of {}", bytes_text(done), bytes_text(total))
                                                  : fmt::format("{} of {}{}", grouped_text(done), grouped_text(total),
                                                                unit_ == Unit::tokens ? " tokens" : "");
  const double share = static_cast<double>(done) / static_cast<double>(total);
  std::string line = fmt::format("{}: {}, {:.0f} %", what_, amount, 100 * share);
  if (unit_ == Unit::steps && done > done_at_start_) {
    const double spent = std::chrono::duration<double>(Clock::now() - start_).count();
    const double left = spent * static_cast<double>(total - done) / static_cast<double>(done - done_at_start_);
    const auto seconds = static_cast<std::int64_t>(left);
    line += seconds < 3600 ? fmt::format(", {}:{:02} left", seconds / 60, seconds % 60)
                           : fmt::format(", {} h {:02} min left", seconds / 3600, seconds / 60 % 60);
  }
  const int room = terminal_columns() - static_cast<int>(line.size()) - 4;
  if (room >= 10) {
    const int width = std::min(room, 30);
    const int filled = static_cast<int>(share * width);
    line += fmt::format(" [{:=<{}}{: <{}}]", "", filled, "", width - filled);
  }
  line_.show(line);
}

bool ProgressLine::advance(std::int64_t done, std::int64_t total) {
  update(done, total);
  return !interrupted();
}

}  // namespace brim::apps
