// What /set and /show know: the values this conversation's settings have now.
#pragma once

#include <brim/brim.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "apps/model_options/model_options.hpp"

namespace brim::apps {

class Settings {
 public:
  Settings(const SamplingChoices& sampling, std::uint64_t seed, std::int64_t limit, const std::string& system);

  /// Changes a setting of the session; `name` is a key or a flag's name ("temp", "top-k"). Throws brim::Exception with
  /// the engine's sentence, or Failure for a name that is none (with a suggestion). Returns the setting's key.
  std::string set(Session& session, std::string_view name, const std::string& value);
  /// Sets what the settings are here, but for the seed.
  void carry_over(Options& options) const;
  /// The session goes on from one that was saved: its seed is not known here.
  void forget_seed() { values_.erase("seed"); }
  /// All names and values, two a line.
  std::vector<std::string> lines() const;
  /// One setting: its name, its value, what it means. Throws as set() for a name that is none.
  std::string line(std::string_view name) const;

 private:
  struct Row {
    std::string key, standard, help;
    bool repeatable = false;
  };
  const Row& row(std::string_view name) const;
  std::string value(const Row& row) const;

  std::vector<Row> rows_;
  std::map<std::string, std::vector<std::string>> values_;
};

}  // namespace brim::apps
