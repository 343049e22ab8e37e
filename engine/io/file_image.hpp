// The bytes of a model file at addresses, so that metadata and tensors can be views: either the whole file mapped, or
// its description read into memory and, behind it, reserved addresses that only represent the rest. The content of
// these is read by position.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "platform/input_file.hpp"
#include "platform/mapped_file.hpp"

namespace brim::io {

/// Movable, not copyable; views into it stay valid when it is moved.
class FileImage {
 public:
  /// How the bytes behind the description are accessed: `read` keeps the file out of the address space (its content may
  /// change under a mapping, and truncating it would raise a signal); `mapped` for weights that stay in the file.
  enum class Access { read, mapped };
  /// Errors: those of InputFile and MappedFile; out_of_memory when there are no addresses left.
  static Result<FileImage> open(const std::string& path, Access access);

  FileImage(FileImage&& other) noexcept;
  FileImage& operator=(FileImage&&) = delete;
  FileImage(const FileImage&) = delete;
  ~FileImage();

  /// As many bytes as the file has. With Access::read only the first ones, as far as fetch() read them, may be
  /// accessed.
  std::span<const std::byte> bytes() const { return {data_, static_cast<std::size_t>(file_->size())}; }
  /// Makes the first `end` bytes readable. Errors: io; bad_file when that is more than any description takes; out_of_memory.
  Status fetch(std::size_t end);

  bool holds(std::span<const std::byte> place) const;
  /// Reads the bytes that `place`, a range of bytes(), represents into `to`, which is as large. Any number of threads
  /// at once.
  ReadFault try_read(std::span<const std::byte> place, std::byte* to) const noexcept;

  const std::string& path() const { return file_->path(); }
  const InputFile& file() const { return *file_; }
  const MappedFile* mapping() const { return mapped_.bytes().data() != nullptr ? &mapped_ : nullptr; }

 private:
  FileImage() = default;

  std::unique_ptr<InputFile> file_;  // faults point at it
  MappedFile mapped_;
  std::byte* reserved_ = nullptr;  // addresses of this process; the first `ready_` hold the file's bytes
  std::size_t ready_ = 0;
  const std::byte* data_ = nullptr;
};

}  // namespace brim::io
