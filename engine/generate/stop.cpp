// See stop.hpp.
#include "engine/generate/stop.hpp"

#include <algorithm>
#include <utility>

namespace brim::generate {
namespace {

// How many bytes of `text` are matched after one more byte, when `matched` of them (not all) were matched before.
std::size_t advance(const std::string& text, const std::vector<std::size_t>& fallback, std::size_t matched, char byte) {
  while (matched > 0 && text[matched] != byte) matched = fallback[matched];
  return text[matched] == byte ? matched + 1 : 0;
}

}  // namespace

StopMatcher::StopMatcher(std::vector<std::string> stops) {
  for (std::string& text : stops) {
    if (text.empty()) continue;
    Stop stop;
    stop.text = std::move(text);
    stop.fallback.assign(stop.text.size() + 1, 0);
    for (std::size_t length = 2; length <= stop.text.size(); ++length) {
      stop.fallback[length] = advance(stop.text, stop.fallback, stop.fallback[length - 1], stop.text[length - 1]);
    }
    longest_ = std::max(longest_, stop.text.size());
    stops_.push_back(std::move(stop));
  }
  held_.reserve(longest_);
}

bool StopMatcher::push(std::string_view text, std::string& out) {
  if (stopped_) return true;
  if (stops_.empty()) {
    out.append(text);
    return false;
  }
  // Of held_ and the text behind it: how much may still become a stop string.
  std::size_t begun = held_.size();
  for (std::size_t at = 0; at < text.size(); ++at) {
    begun = 0;
    std::size_t complete = 0;
    for (Stop& stop : stops_) {
      stop.matched = advance(stop.text, stop.fallback, stop.matched, text[at]);
      begun = std::max(begun, stop.matched);
      if (stop.matched == stop.text.size()) complete = std::max(complete, stop.matched);
    }
    if (complete == 0) continue;
    const std::size_t before = held_.size() + at + 1 - complete;
    out.append(held_, 0, std::min(before, held_.size()));
    if (before > held_.size()) out.append(text.substr(0, before - held_.size()));
    held_.clear();
    stopped_ = true;
    return true;
  }
  const std::size_t free = held_.size() + text.size() - begun;  // can no longer be part of one
  out.append(held_, 0, std::min(free, held_.size()));
  if (free >= held_.size()) {
    out.append(text.substr(0, free - held_.size()));
    held_.assign(text.substr(free - held_.size()));
  } else {
    held_.erase(0, free);
    held_.append(text);
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

}  // namespace brim::generate
