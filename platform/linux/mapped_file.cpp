// See platform/mapped_file.hpp. Only one advice is given: measured on a cold 1 GiB file, MADV_SEQUENTIAL and
// MADV_WILLNEED each read as fast as the disk, and both together at a third of that speed. WILLNEED would also read
// weights that were not requested (`brim inspect`).
#include "platform/mapped_file.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "platform/system_error_text.hpp"

namespace brim {

Result<MappedFile> MappedFile::map(const InputFile& file) {
  MappedFile mapped;
  mapped.path_ = file.path();
  mapped.size_ = static_cast<std::size_t>(file.size());
  if (mapped.size_ == 0) return mapped;
  void* data = ::mmap(nullptr, mapped.size_, PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
  if (data == MAP_FAILED) {
    mapped.size_ = 0;
    return error(errno == ENOMEM ? ErrorCode::out_of_memory : ErrorCode::io, "cannot map ", file.path(), ": ",
                 system_error_text(errno));
  }
  mapped.data_ = static_cast<const std::byte*>(data);
  mapped.expect(Access::sequential);
  return mapped;
}

void MappedFile::expect(Access access) const {
  if (data_ == nullptr) return;
  // Advice may be refused by a kernel or file system that does not support it: reading is then only slower.
  ::madvise(const_cast<std::byte*>(data_), size_, access == Access::sequential ? MADV_SEQUENTIAL : MADV_NORMAL);
}

void MappedFile::release(std::span<const std::byte> part) const {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto start = reinterpret_cast<std::uintptr_t>(data_);
  const auto from = reinterpret_cast<std::uintptr_t>(part.data());
  if (data_ == nullptr || from < start || from - start > size_ || part.size() > size_ - (from - start)) return;
  const std::uintptr_t first = (from + page - 1) / page * page, end = (from + part.size()) / page * page;
  if (first < end) ::madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)), path_(std::move(other.path_)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(path_, other.path_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

}  // namespace brim
