// See file_image.hpp.
#include "engine/io/file_image.hpp"

#include <algorithm>
#include <utility>

#include "engine/base/size_text.hpp"
#include "platform/pages.hpp"
#include "platform/system_error_text.hpp"

namespace brim::io {
namespace {

constexpr std::size_t kStep = std::size_t{1} << 20;  // min bytes to read at a time
/// The keys, vocabulary and tensor table of the largest models take a tenth of this. It limits how much a file can make
/// Brim allocate.
constexpr std::size_t kMaxDescription = std::size_t{512} << 20;

Error no_memory(const std::string& path, std::string_view what, int number) {
  return error(ErrorCode::out_of_memory, "cannot open ", path, ": no ", what, ": ", system_error_text(number));
}

}  // namespace

Result<FileImage> FileImage::open(const std::string& path, Access access) {
  BRIM_ASSIGN(InputFile file, InputFile::open(path));
  FileImage image;
  image.file_ = std::make_unique<InputFile>(std::move(file));
  const auto size = static_cast<std::size_t>(image.file_->size());
  if (size == 0) return image;
  image.file_->expect_sequential();
  if (access == Access::mapped) {
    BRIM_ASSIGN(image.mapped_, MappedFile::map(*image.file_));
    image.data_ = image.mapped_.bytes().data();
    image.ready_ = size;
    return image;
  }
  const platform::Pages pages = platform::reserve_pages(size);
  if (pages.data == nullptr) return no_memory(path, sentence(size_text(size), " of addresses left"), pages.failure);
  image.reserved_ = pages.data;
  image.data_ = image.reserved_;
  return image;
}

Status FileImage::fetch(std::size_t end) {
  if (end <= ready_) return {};
  if (end > kMaxDescription) {
    return error(ErrorCode::bad_file, path(), " has more than ", size_text(kMaxDescription),
                 " of metadata and tensor names, which is more than Brim reads from one file");
  }
  // ready_ is a whole number of steps, and so of pages, until it is the file's end.
  const std::size_t wanted = std::min(bytes().size(), (end + kStep - 1) / kStep * kStep);
  if (const int failure = platform::allow_pages(reserved_ + ready_, wanted - ready_); failure != 0) {
    return no_memory(path(), "memory for its metadata", failure);
  }
  BRIM_TRY(file_->read(ready_, {reserved_ + ready_, wanted - ready_}));
  ready_ = wanted;
  return {};
}

bool FileImage::holds(std::span<const std::byte> place) const {
  const auto from = reinterpret_cast<std::uintptr_t>(place.data()), start = reinterpret_cast<std::uintptr_t>(data_);
  const std::size_t size = bytes().size();
  return from >= start && from - start <= size && place.size() <= size - (from - start);
}

ReadFault FileImage::try_read(std::span<const std::byte> place, std::byte* to) const noexcept {
  return file_->try_read(static_cast<std::uint64_t>(place.data() - data_), {to, place.size()});
}

FileImage::FileImage(FileImage&& other) noexcept
    : file_(std::move(other.file_)),
      mapped_(std::move(other.mapped_)),
      reserved_(std::exchange(other.reserved_, nullptr)),
      ready_(other.ready_),
      data_(std::exchange(other.data_, nullptr)) {}

FileImage::~FileImage() {
  if (reserved_ != nullptr) platform::unmap_pages(reserved_, static_cast<std::size_t>(file_->size()));
}

}  // namespace brim::io
