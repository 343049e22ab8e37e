// See stop.hpp.
#include "engine/generate/stop.hpp"

#include <algorithm>
#include <utility>

namespace brim::generate {
namespace {

// How much of `text` is matched after one more byte, when `matched` of it (not all) were.
std::size_t advance(const std::string& text, const std::vector<std::size_t>& fallback, std::size_t matched, char byte) {
  while (matched > 0 && text[matched] != byte) matched = fallback[matched];
  return text[matched] == byte ? matched + 1 : 0;
}

}  // namespace

StopMatcher::StopMatcher(std::vector<std::string> stops) {
  std::size_t longest = 0;
  for (std::string& text : stops) {
    if (text.empty()) continue;
    Stop stop;
    stop.text = std::move(text);
    stop.fallback.assign(stop.text.size() + 1, 0);
    for (std::size_t length = 2; length <= stop.text.size(); ++length) {
      stop.fallback[length] = advance(stop.text, stop.fallback, stop.fallback[length - 1], stop.text[length - 1]);
    }
    longest = std::max(longest, stop.text.size());
    stops_.push_back(std::move(stop));
  }
  held_.reserve(2 * longest + 64);
}

bool StopMatcher::push(std::string_view text, std::string& out) {
  if (stopped_) return true;
  if (stops_.empty()) {
    out.append(text);
    return false;
  }
  std::size_t begun = 0;  // of the held text: how much may still become a stop string
  for (const char byte : text) {
    held_ += byte;
    begun = 0;
    std::size_t complete = 0;
    for (Stop& stop : stops_) {
      stop.matched = advance(stop.text, stop.fallback, stop.matched, byte);
      begun = std::max(begun, stop.matched);
      if (stop.matched == stop.text.size()) complete = std::max(complete, stop.matched);
    }
    if (complete > 0) {
      out.append(held_, 0, held_.size() - complete);
      held_.clear();
      stopped_ = true;
      return true;
    }
  }
  if (!text.empty()) {
    out.append(held_, 0, held_.size() - begun);
    held_.erase(0, held_.size() - begun);
  }
  return false;
}

void StopMatcher::flush(std::string& out) {
  out.append(held_);
  held_.clear();
  for (Stop& stop : stops_) stop.matched = 0;
}

void StopMatcher::reset() {
  held_.clear();
  stopped_ = false;
  for (Stop& stop : stops_) stop.matched = 0;
}

void StopMatcher::resume(std::string_view held, bool stopped) {
  reset();
  std::string nothing;  // what is held back is the beginning of a stop string, so nothing comes out
  push(held, nothing);
  stopped_ = stopped;
}

}  // namespace brim::generate
