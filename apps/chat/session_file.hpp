// The file of --session: it has the conversation after every answer and when the program ends.
#pragma once

#include <brim/brim.hpp>
#include <cstdint>
#include <string>

namespace brim::apps {

class SessionFile {
 public:
  /// `path` empty: there is no file, and the functions below do nothing. Throws Failure when the file could not be
  /// written.
  explicit SessionFile(std::string path);

  /// Refuses a file that would be larger than the process may write, counting `coming` further tokens. Throws Failure
  /// (1).
  void check_size(const Session& session, std::int64_t coming) const;

  const std::string& path() const { return path_; }
  /// Whether there is a saved session to continue.
  bool exists() const;
  /// Marks that the session differs from the file.
  void changed() { changed_ = true; }
  /// Writes the whole file, unless nothing changed since it was written. Throws Failure (1).
  void keep(Session& session);
  /// keep(), but a failure is reported and does not end the program: the next answer tries again.
  void keep_or_say(Session& session);

 private:
  std::string path_;
  bool changed_ = true;
};

}  // namespace brim::apps
