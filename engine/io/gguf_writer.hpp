// Writes GGUF v3 files: quantize, tests, the synthetic bench models. Metadata first, then tensors in the order given;
// tensor data is streamed, so a file larger than memory can be written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/io/gguf.hpp"
#include "platform/new_file.hpp"

namespace brim::io {

/// Collects metadata and tensor headers, then writes. Use: set…, add_tensor…, begin(path), write(data) once per tensor
/// in order, finish(). The file gets its name only at finish() (base/new_file.hpp); a writer destroyed before that
/// leaves nothing behind. Not thread-safe.
class GgufWriter {
 public:
  // Setting a key again replaces it, in place.
  void set_u32(std::string_view key, std::uint32_t value);
  void set_u64(std::string_view key, std::uint64_t value);
  void set_i32(std::string_view key, std::int32_t value);
  void set_f32(std::string_view key, float value);
  void set_bool(std::string_view key, bool value);
  void set_string(std::string_view key, std::string_view value);
  void set_strings(std::string_view key, std::span<const std::string> values);
  void set_f32s(std::string_view key, std::span<const float> values);
  void set_i32s(std::string_view key, std::span<const std::int32_t> values);
  void set_bools(std::string_view key, std::span<const bool> values);
  /// Copies a value of any type, arrays included.
  void set(std::string_view key, const Value& value);
  void remove(std::string_view key);

  /// A key "general.alignment" decides the alignment of the data (32 without it).
  /// `shape` in GGUF order, shape[0] = row length, a multiple of the format's block length.
  void add_tensor(std::string_view name, quant::Format format, std::span<const std::int64_t> shape);

  /// Begins the file and writes the description. Errors: invalid_argument for a tensor or key that GGUF cannot hold (named)
  /// and for a path that is something other than a regular file; io with the system's reason.
  Status begin(const std::string& path);
  /// All bytes of the next tensor; wrong sizes are an invalid_argument.
  Status write(std::span<const std::byte> data);
  /// A piece of the next tensor; pieces may have any size until the tensor is complete.
  Status write_piece(std::span<const std::byte> piece);
  /// Flushes to the disk and gives the file its name. Errors: wrong_state while a tensor's bytes are missing; io.
  Status finish();

 private:
  struct Header {
    std::string name;
    quant::Format format;
    std::vector<std::int64_t> shape;
    std::uint64_t bytes;
  };
  void set_packed(std::string_view key, std::string packed);
  Status check_description() const;
  std::string packed_description(std::uint64_t alignment) const;
  Status put(const void* data, std::size_t size);
  Status pad();

  std::vector<std::pair<std::string, std::string>> metadata_;  // key, packed type and value
  std::vector<Header> tensors_;
  std::optional<NewFile> file_;
  std::string path_;
  std::uint64_t alignment_ = 32;
  std::uint64_t position_ = 0;  // bytes of the file so far
  std::size_t next_tensor_ = 0;
  std::uint64_t written_ = 0;  // bytes of the current tensor
};

}  // namespace brim::io
