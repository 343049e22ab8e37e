// See session_file.hpp.
#include "apps/chat/session_file.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "apps/commands.hpp"
#include "apps/files/outputs.hpp"
#include "apps/generation/generation.hpp"
#include "apps/terminal/error_output.hpp"

namespace brim::apps {

SessionFile::SessionFile(std::string path) : path_(std::move(path)) {
  if (!path_.empty()) check_writable(path_);
}

void SessionFile::check_size(const Session& session, std::int64_t coming) const {
  if (path_.empty()) return;
  std::uint64_t bytes = 0;
  const int layers = session.stats().layers;
  for (int i = 0; i < layers; ++i) {
    const brim_layer_stats layer = session.layer_stats(i);
    bytes += static_cast<std::uint64_t>(std::min(layer.used + coming, layer.quota) * layer.entry_bytes);
  }
  check_file_size(path_, bytes);
}

bool SessionFile::exists() const {
  std::error_code ignored;
  return !path_.empty() && std::filesystem::exists(path_, ignored);
}

void SessionFile::keep(Session& session) {
  if (path_.empty() || !changed_) return;
  try {
    save_session(session, path_);
  } catch (const Exception& failure) {
    throw Failure(1, failure.what());  // the path was writable at the start
  }
  changed_ = false;
}

void SessionFile::keep_or_say(Session& session) {
  try {
    keep(session);
  } catch (const Failure& failure) {
    say_notice(failure.what());
  }
}

}  // namespace brim::apps
