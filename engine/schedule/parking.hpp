// Texts that lost their seat, as files: each has the state of a session, is found again by the beginning of a prompt,
// and is used again only for the same key, the same model and the same plan. Nothing in a file is looked at before its
// code (HMAC-SHA-256) was checked with the key that lies in the same folder.
//
//   "BRIM.PRK"  version  bytes of the state  number of hashes   eight bytes each
//   whom it belongs to (32 bytes)   hashes of the ids so far, every kBlock tokens   code of all before
//   state (base/state.hpp)   code of the code before and the state
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/base/sha256.hpp"
#include "engine/base/state.hpp"
#include "engine/generate/session.hpp"
#include "engine/text/token_id.hpp"

namespace brim::schedule {

/// One thread at a time. One program at a time uses a folder.
class Parking {
 public:
  static constexpr std::size_t kBlock = 64;  ///< tokens; shorter texts are not parked

  /// Creates the folder (an absolute path; mode 0700) and its key where they are missing, and looks through the files that
  /// are there; those that were altered or are not whole are removed. `max_bytes`: of all files, once one was written.
  /// `model`: what has to be equal for a state to be used again. Errors: invalid_argument for another path or less than
  /// one byte; io; also where other users could write to the folder.
  static Result<std::unique_ptr<Parking>> open(const std::string& folder, std::int64_t max_bytes,
                                               std::string_view model);

  /// Writes a state of the text `ids`, and then removes the files that were not used for the longest time. The folder
  /// has the old files or also the new one, whenever the program is killed. Errors: invalid_argument for a text shorter
  /// than a block or a state larger than all files may be together; io.
  Status park(std::string_view key, std::span<const TokenId> ids, const StateWriter& state);
  /// How many tokens, in whole blocks, the best text for this prompt has in common with it, but for its last token; that
  /// text counts as used.
  std::int64_t find(std::string_view key, std::span<const TokenId> ids);
  /// Gives the session the state of that text. Memory for the file is taken meanwhile. Errors: as Session::take_over;
  /// io, bad_file, out_of_memory; but for the last one the file is then removed.
  Status restore(std::string_view key, std::span<const TokenId> ids, generate::Session& session);

  std::int64_t bytes() const noexcept { return bytes_; }
  std::size_t texts() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    std::string name;
    Sha256::Digest owner;
    std::vector<std::uint64_t> hashes;
    std::int64_t bytes = 0;
    std::uint64_t last_used = 0;
  };
  Parking(std::string folder, std::int64_t max_bytes) : folder_(std::move(folder)), max_bytes_(max_bytes) {}
  Status load_key();
  void look_through();
  Result<Entry> read_entry(const std::string& name) const;
  Sha256::Digest owner_of(std::string_view key) const noexcept;
  std::size_t best(std::string_view key, std::span<const TokenId> ids, std::size_t& blocks) const;
  Status restore(const Entry& entry, generate::Session& session) const;
  void drop(std::size_t at) noexcept;
  std::string path_of(const std::string& name) const { return folder_ + "/" + name; }

  std::string folder_;
  std::int64_t max_bytes_;
  Sha256::Digest model_{}, secret_{};
  std::vector<Entry> entries_;
  std::int64_t bytes_ = 0;
  std::uint64_t uses_ = 0;
};

}  // namespace brim::schedule
