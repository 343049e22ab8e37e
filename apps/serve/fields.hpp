// The members of a request's object, by their types; which ones were asked for by no code is known at the end.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "apps/serve/json_body.hpp"

namespace brim::apps::serve {

/// A member that is null counts as absent. A wrong type or value throws Refusal (400) with the member's name. `body`
/// outlives this.
class Fields {
 public:
  /// `prefix`: what names have before them in sentences, where the object is inside another one: "options."
  explicit Fields(const Json& body, std::string prefix = {});

  /// Null where it is absent.
  const Json* find(const std::string& name);
  std::optional<bool> flag(const std::string& name);
  std::optional<std::int64_t> integer(const std::string& name, std::int64_t min, std::int64_t max);
  /// The number as it was written, or an equal one: as the engine's options take it.
  std::optional<std::string> number(const std::string& name, double min, double max);
  std::optional<std::string> text(const std::string& name);

  /// The names that no call has asked for, and that are not null; with the prefix.
  std::vector<std::string> unknown() const;
  /// `name` with the prefix.
  std::string place(const std::string& name) const { return prefix_ + name; }

 private:
  const Json& body_;
  std::string prefix_;
  std::set<std::string> known_;
};

/// Throws Refusal (400): "NAME: expected WHAT, found a string".
[[noreturn]] void refuse_kind(const std::string& name, const std::string& expected, const Json& found);
/// Throws Refusal (400): "NAME SENTENCE".
[[noreturn]] void refuse_field(const std::string& name, const std::string& sentence);

/// The value of the header Brim-Ignored: up to 16 names of letters, digits, '_', '.' and '-', and how many others there
/// are: "foo, bar, +3".
std::string ignored_header(const std::vector<std::string>& names);

}  // namespace brim::apps::serve
