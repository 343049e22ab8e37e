// The folder of repacked weights: $XDG_CACHE_HOME/brim or ~/.cache/brim. Two kinds of files, either of which may be deleted at
// any time:
//
//   HASH.panels   repacked weights, named by the SHA-256 of what they were created from
//   KEY.model     which HASH a model's file has, by what the system says of the file (device, inode, size, times)
//
// No other user may have written them: the folder and the files must belong to this user, and must not be writable by
// group or others. A panel file consists of one page of header, the panels, and a checksum per 16 MiB of panels.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/base/sha256.hpp"
#include "kernels/threads.hpp"
#include "platform/mapped_file.hpp"
#include "platform/new_file.hpp"

namespace brim::model {

class PanelCache {
 public:
  static constexpr std::size_t kHeaderBytes = 4096;

  /// Finds the folder, or creates it. Errors: io when there is no place for one, or it belongs to another user or
  /// others may write to it.
  static Result<PanelCache> open();

  /// Whether there is a file of panels of that size. If there is none, hashing a model first would find nothing.
  bool may_hold(std::size_t bytes) const;

  /// The panels of `hash`, every byte of them checked by `threads` threads; null when there are none. `damaged` is set when there
  /// is a file that cannot be used: it says why.
  std::optional<MappedFile> find(const Sha256::Digest& hash, std::size_t bytes, kernels::Threads threads,
                                 std::string& damaged) const;
  /// A new file for panels from byte kHeaderBytes on. Errors: io.
  Result<NewFile> create() const;
  /// Completes and names it. Errors: io.
  Status publish(NewFile& file, const Sha256::Digest& hash, std::size_t bytes, kernels::Threads threads) const;

  /// What an earlier start recorded about model files with these identities. Only valid for files that are trusted().
  /// `kind` represents everything else that decides what panels hold.
  std::optional<Sha256::Digest> known(std::uint64_t kind, std::span<const FileIdentity> files) const;
  /// Records it; a failure to do so costs the next start some time and is not reported.
  void note(std::uint64_t kind, std::span<const FileIdentity> files, const Sha256::Digest& hash) const;

  std::string path_of(const Sha256::Digest& hash) const;

 private:
  explicit PanelCache(std::string folder) : folder_(std::move(folder)) {}
  std::string folder_;
};

/// Whether the last change of the files is so long before `now_ns` (since 1970) that another change would give other
/// time stamps.
bool trusted(std::span<const FileIdentity> files, std::int64_t now_ns);

}  // namespace brim::model
