// The content of a GGUF file: metadata and tensors, from one file or from all files of a split one. Every count,
// length, offset, product and type is checked against the file's size before it is used; a model file is untrusted
// input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/io/file_image.hpp"
#include "engine/io/name_index.hpp"
#include "quant/matrix.hpp"

namespace brim::io {

/// GGUF's own numbers for value types.
enum class ValueType : std::uint32_t {
  u8 = 0,
  i8 = 1,
  u16 = 2,
  i16 = 3,
  u32 = 4,
  i32 = 5,
  f32 = 6,
  boolean = 7,
  string = 8,
  array = 9,
  u64 = 10,
  i64 = 11,
  f64 = 12,
};

struct Value;

/// An array value. Numbers stay packed as in the file (little-endian, unaligned); strings are views into the file's image.
struct Array {
  ValueType element = ValueType::u8;
  std::uint64_t count = 0;
  std::span<const std::byte> packed;      ///< numbers and booleans: count · size bytes
  std::vector<std::string_view> strings;  ///< element == string
  std::vector<Value> nested;              ///< element == array
};

/// One metadata value. Integers are widened to 64 bits; the type in the file is kept.
struct Value {
  ValueType type = ValueType::u8;
  std::variant<std::uint64_t, std::int64_t, double, bool, std::string_view, Array> data;

  /// The value as an integer if it is one (any width, either sign) and fits; otherwise empty.
  std::optional<std::int64_t> as_integer() const;
  /// Any number as double.
  std::optional<double> as_number() const;
  std::optional<bool> as_bool() const;
  std::optional<std::string_view> as_string() const;
  const Array* as_array() const;
};
/// Element `index` (< array.count) of an array of numbers or booleans, as a Value.
Value array_element(const Array& array, std::uint64_t index);
/// "u32", "array of string", … for sentences.
std::string type_text(const Value& value);
/// The value itself for an error message where it is short (a number, a quoted string), else "a value of type …".
std::string shown(const Value& value);
/// The same where an integer is expected: a number of another type is named by its type ("the f32 number 4096").
std::string shown_for_integer(const Value& value);

/// One tensor. `shape[0]` is the row length (GGUF order); unused dimensions are 1. `data` may be read directly in a
/// file that was opened with FileImage::Access::mapped, or in parsed bytes; otherwise it only represents the bytes that
/// Gguf::read fetches.
struct Tensor {
  std::string_view name;
  quant::Format format = quant::Format::f32;
  int dimensions = 0;
  std::int64_t shape[4] = {1, 1, 1, 1};
  std::span<const std::byte> data;
  int part = 0;  ///< which file of a split model

  std::int64_t rows() const { return shape[1] * shape[2] * shape[3]; }
  /// As `data`, for a file that is read: not to be used for products.
  quant::Matrix matrix() const { return {format, data.data(), rows(), shape[0], quant::row_bytes(format, shape[0])}; }
};

struct Part;

/// A parsed GGUF file (all parts). Owns the files' images; every view into it lives as long as it does. Immutable after
/// open: safe to read from several threads. Keys and tensors keep the file's order.
class Gguf {
 public:
  struct Options {
    /// Also open the other parts of a split file (name-00001-of-00003.gguf); needs the first part.
    bool follow_parts = true;
    FileImage::Access access = FileImage::Access::read;
  };
  /// Errors: io (cannot open), bad_file or unsupported with one sentence: file, key or tensor, expected, found.
  static Result<Gguf> open(const std::string& path, const Options& options);
  static Result<Gguf> open(const std::string& path) { return open(path, Options{}); }
  /// Parses bytes the caller keeps alive (fuzzing); `name` stands for the path in sentences.
  static Result<Gguf> parse(std::span<const std::byte> bytes, const std::string& name);

  struct Entry {
    std::string_view key;
    Value value;
  };
  const std::vector<Entry>& metadata() const { return metadata_; }
  const std::vector<Tensor>& tensors() const { return tensors_; }
  /// nullptr when there is no such key / tensor.
  const Value* find(std::string_view key) const;
  const Tensor* tensor(std::string_view name) const;

  const std::string& path() const { return path_; }
  std::uint32_t version() const { return version_; }
  std::uint64_t file_bytes() const { return file_bytes_; }                            ///< over all parts
  std::uint64_t tensor_bytes() const;                                                 ///< Σ data sizes
  int parts() const { return files_.empty() ? 1 : static_cast<int>(files_.size()); }  ///< files read
  /// The path of file `part` (< parts()): where Tensor::part lies.
  const std::string& part_path(int part) const {
    return files_.empty() ? path_ : files_[static_cast<std::size_t>(part)].path();
  }
  /// Reads `place`, a part of a tensor's data, into `to`, which is as large. Any number of threads at once.
  ReadFault try_read(std::span<const std::byte> place, std::byte* to) const noexcept;
  /// All bytes of a tensor, or a part of its data. Errors: io.
  Result<std::vector<std::byte>> read(std::span<const std::byte> place) const;
  /// The file that a tensor's data is in, opened once more, for reading when this object no longer exists.
  struct Opened {
    InputFile file;
    std::uint64_t offset;  ///< of the data
  };
  /// Empty for parsed bytes. Errors: io, also when the file has changed since it was opened.
  Result<std::optional<Opened>> open_again(const Tensor& tensor) const;
  /// Errors: io when a file has changed since it was opened.
  Status check_unchanged() const;
  /// The identities of these files.
  std::vector<FileIdentity> identities() const;
  /// For mapped files: how the tensors will be read from now on; they are opened for `sequential`. A loaded model that
  /// reads its weights in place sets `repeated`, so that the kernel keeps them when memory is short.
  void expect(MappedFile::Access access) const;

  // Typed reads for configuration: the value, the default when the key is absent, or a bad_file error that names the
  // file, the key, the expected and the found type or range. Numbers that are not finite are refused.
  Result<std::int64_t> integer(std::string_view key, std::optional<std::int64_t> absent, std::int64_t min,
                               std::int64_t max) const;
  Result<double> number(std::string_view key, std::optional<double> absent) const;
  Result<bool> boolean(std::string_view key, std::optional<bool> absent) const;
  Result<std::string> string(std::string_view key, std::optional<std::string> absent) const;

 private:
  static Result<Gguf> of_part(Part part, const std::string& name, std::uint64_t bytes);
  Status add_parts(FileImage::Access access);
  Status merge(const Part& part, const std::string& path);
  Status index_tensors();

  std::vector<FileImage> files_;
  std::vector<Entry> metadata_;
  std::vector<Tensor> tensors_;
  NameIndex keys_;
  NameIndex names_;
  std::string path_;
  std::uint32_t version_ = 0;
  std::uint64_t file_bytes_ = 0;
};

}  // namespace brim::io
