// The file of a saved session: what it belongs to, how to create the session again, and the session's state
// (base/state.hpp). Like a model file it is untrusted; the classes that read their state back check it.
//
//   "BRIM.SES"   version   bytes of the body   body   checksum of all before it      all but the body eight bytes each
//
// The body is one state: the model's name and fingerprint, the settings, the size that an automatic budget was derived
// from, the session.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/log.hpp"
#include "engine/base/result.hpp"
#include "engine/base/state.hpp"
#include "engine/base/work_meter.hpp"
#include "engine/model/model.hpp"
#include "platform/arena.hpp"

namespace brim::generate {

/// The options that a session was created with, by the names that the caller uses.
using Settings = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::int64_t kSessionFileVersion = 4;

/// The beginning of the body.
struct SessionOrigin {
  std::string model_name;
  std::string fingerprint;  ///< model::fingerprint
  Settings settings;
  std::int64_t automatic_bytes = 0;  ///< run::MemoryPlan::automatic_bytes
};
void save(const SessionOrigin& origin, StateWriter& state);

/// Writes `body` to `path`, readable by its owner alone: at every moment either the old file or the new one is there
/// (base/new_file.hpp). Errors: io; cancelled by `meter`, which is stepped at each MiB (null: never).
Status write_session_file(const std::string& path, const StateWriter& body, WorkMeter* meter = nullptr);
/// The same bytes in memory; and a function that corrects the size and checksum of such bytes: for tests.
std::vector<std::byte> session_file_bytes(const StateWriter& body);
void seal_session_file(std::span<std::byte> file);

/// The progress of restoring counts the file's bytes once for each phase: read, checked, memory prepared, state copied.
inline constexpr long long kRestorePhases = 4;

/// A file that was read into memory and completely checked. Its state can be read once.
class SavedSession {
 public:
  /// Errors: io; out_of_memory; bad_file for a file that is not a saved session, is shorter or longer than it says, was
  /// altered, or is of a newer version or of another model; cancelled by `progress`, which is called during the first
  /// two phases, every few MiB.
  static Result<SavedSession> open(const std::string& path, const model::Model& model, const Progress& progress = {});
  /// The same for bytes that outlive the result; `name` stands for them in sentences.
  static Result<SavedSession> read(std::span<const std::byte> bytes, const std::string& name, const model::Model& model,
                                   const Progress& progress = {});

  /// Of the file.
  long long bytes() const { return size_; }
  const SessionOrigin& origin() const { return origin_; }
  StateReader& state() { return state_; }

 private:
  SavedSession(std::string name, std::span<const std::byte> body, std::size_t size)
      : size_(static_cast<long long>(size)), state_(std::move(name), {body}) {}

  Arena bytes_;
  long long size_;
  SessionOrigin origin_;
  StateReader state_;
};

}  // namespace brim::generate
