// From a prompt to pieces of text, with progress on a terminal, and stopped by Ctrl-C. Call these functions within an
// InterruptScope of the session.
#pragma once

#include <brim/brim.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace brim::apps {

struct Answer {
  std::string text;
  std::vector<std::int32_t> ids;
  Session::End end = Session::End::not_yet;
  bool interrupted = false;
};

/// Runs `read`, which appends to the session, and shows its progress when that takes longer than a second. Returns
/// false when Ctrl-C stopped it. Throws what `read` throws.
bool read_prompt(Session& session, const std::function<void()>& read);

/// Saves the session, also after a Ctrl-C that arrived too late for the previous work. Throws what saving throws.
void save_session(Session& session, const std::string& path);

/// Takes pieces until the answer ends or Ctrl-C stops it; each is handed to `on_piece` (text may be empty, id −1 for
/// text that belongs to no new token).
Answer generate(Session& session, const std::function<void(std::string_view text, std::int32_t id)>& on_piece);

}  // namespace brim::apps
