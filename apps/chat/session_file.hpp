// The file of --session: the conversation is in it after every answer and when the program ends.
#pragma once

#include <brim/brim.hpp>
#include <cstdint>
#include <string>

namespace brim::apps {

class SessionFile {
 public:
  /// `path` empty: there is no file, and nothing below does anything. Throws Failure when the file could not be written.
  explicit SessionFile(std::string path);

  /// Refuses a file that would be larger than the process may write, already with `coming` further tokens. Throws Failure (1).
  void check_size(const Session& session, std::int64_t coming) const;

  const std::string& path() const { return path_; }
  /// Whether there is a saved session to go on from.
  bool exists() const;
  /// The session differs from the file.
  void changed() { changed_ = true; }
  /// Writes the whole file, unless nothing changed since it was written. Throws Failure (1).
  void keep(Session& session);
  /// keep(), where a failure is said and survived: the next answer tries again.
  void keep_or_say(Session& session);

 private:
  std::string path_;
  bool changed_ = true;
};

}  // namespace brim::apps
