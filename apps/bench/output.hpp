// Writes rows to standard output. Each row is written as soon as it is known, except in Markdown, where the table is
// laid out at the end.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace brim::apps::bench {

class Output {
 public:
  virtual ~Output() = default;
  virtual void add(const nlohmann::ordered_json& row) = 0;
  /// Call this after the last row, also when the run was interrupted.
  virtual void finish() = 0;
};

/// "md", "csv", "json" or "jsonl".
std::unique_ptr<Output> make_output(std::string_view format);

}  // namespace brim::apps::bench
