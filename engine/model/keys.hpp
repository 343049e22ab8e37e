// Reading one architecture's metadata keys: "llama.block_count" and the like, with the defaults they share. Used only by
// config.cpp and the files in architectures/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/io/gguf.hpp"

namespace brim::model {

/// Prefixes keys with the architecture's name. Lives only while the file does.
class Keys {
 public:
  Keys(const io::Gguf& file, std::string architecture) : file_(file), prefix_(std::move(architecture) + ".") {}

  bool has(std::string_view key) const { return file_.find(prefix_ + std::string(key)) != nullptr; }
  /// An integer in [least, most]; `absent` when there is no such key, or an error when that is empty too.
  Result<std::int64_t> integer(std::string_view key, std::optional<std::int64_t> absent, std::int64_t least,
                               std::int64_t most) const {
    return file_.integer(prefix_ + std::string(key), absent, least, most);
  }
  /// A finite number.
  Result<double> number(std::string_view key, std::optional<double> absent) const;
  Result<bool> boolean(std::string_view key, bool absent) const {
    return file_.boolean(prefix_ + std::string(key), absent);
  }
  Result<std::string> string(std::string_view key, std::string absent) const {
    return file_.string(prefix_ + std::string(key), std::move(absent));
  }
  /// One integer for all layers, or an array with one for each.
  Result<std::vector<std::int64_t>> per_layer(std::string_view key, std::int64_t layers,
                                              std::optional<std::int64_t> absent, std::int64_t least,
                                              std::int64_t most) const;
  const io::Gguf& file() const { return file_; }
  std::string full(std::string_view key) const { return prefix_ + std::string(key); }

 private:
  const io::Gguf& file_;
  std::string prefix_;
};

}  // namespace brim::model
