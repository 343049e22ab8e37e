// See gguf.hpp: opening, and finding keys and tensors. What a file's bytes say is read in gguf_part.cpp, the other
// files of a split model in gguf_split.cpp.
#include "engine/io/gguf.hpp"

#include <algorithm>
#include <utility>

#include "engine/base/quote.hpp"
#include "engine/io/gguf_part.hpp"

namespace brim::io {

Result<Gguf> Gguf::open(const std::string& path, const Options& options) {
  BRIM_ASSIGN(FileImage file, FileImage::open(path, options.access));
  BRIM_ASSIGN(Part part, read_part(file, 0));
  BRIM_ASSIGN(Gguf gguf, of_part(std::move(part), path, file.bytes().size()));
  gguf.files_.push_back(std::move(file));
  if (options.follow_parts) BRIM_TRY(gguf.add_parts(options.access));
  return gguf;
}

Result<Gguf> Gguf::parse(std::span<const std::byte> bytes, const std::string& name) {
  BRIM_ASSIGN(Part part, read_part(bytes, name, 0));
  return of_part(std::move(part), name, bytes.size());
}

Result<Gguf> Gguf::of_part(Part part, const std::string& name, std::uint64_t bytes) {
  Gguf gguf;
  gguf.path_ = name;
  gguf.version_ = part.version;
  gguf.file_bytes_ = bytes;
  gguf.metadata_ = std::move(part.metadata);
  gguf.tensors_ = std::move(part.tensors);
  gguf.keys_.build(gguf.metadata_.size(), [&](std::size_t place) { return gguf.metadata_[place].key; });
  BRIM_TRY(gguf.index_tensors());
  return gguf;
}

Status Gguf::index_tensors() {
  names_.build(tensors_.size(), [this](std::size_t place) { return tensors_[place].name; });
  const auto twice = names_.duplicate();
  if (!twice) return {};
  const Tensor &first = tensors_[twice->first], &second = tensors_[twice->second];
  return error(ErrorCode::bad_file, path_, ": tensor ", quoted(first.name), " is in part ", first.part + 1,
               " and in part ", second.part + 1);
}

const Value* Gguf::find(std::string_view key) const {
  const auto place = keys_.find(key);
  return place ? &metadata_[*place].value : nullptr;
}

const Tensor* Gguf::tensor(std::string_view name) const {
  const auto place = names_.find(name);
  return place ? &tensors_[*place] : nullptr;
}

std::uint64_t Gguf::tensor_bytes() const {
  std::uint64_t bytes = 0;
  for (const Tensor& tensor : tensors_) bytes += tensor.data.size();
  return bytes;
}

ReadFault Gguf::try_read(std::span<const std::byte> place, std::byte* to) const noexcept {
  for (const FileImage& file : files_) {
    if (file.holds(place)) return file.try_read(place, to);
  }
  std::copy(place.begin(), place.end(), to);  // bytes that were parsed
  return {};
}

Result<std::vector<std::byte>> Gguf::read(std::span<const std::byte> place) const {
  std::vector<std::byte> bytes(place.size());
  if (const ReadFault fault = try_read(place, bytes.data())) return fault.error();
  return bytes;
}

Result<std::optional<Gguf::Opened>> Gguf::open_again(const Tensor& tensor) const {
  for (const FileImage& image : files_) {
    if (!image.holds(tensor.data)) continue;
    BRIM_ASSIGN(InputFile file, InputFile::open(image.path()));
    if (!(file.identity() == image.file().identity())) {
      return error(ErrorCode::io, image.path(), " was replaced or changed while it was being loaded");
    }
    const auto offset = static_cast<std::uint64_t>(tensor.data.data() - image.bytes().data());
    return std::optional<Opened>(Opened{std::move(file), offset});
  }
  return std::optional<Opened>();
}

Status Gguf::check_unchanged() const {
  for (const FileImage& file : files_) BRIM_TRY(file.file().check_unchanged());
  return {};
}

std::vector<FileIdentity> Gguf::identities() const {
  std::vector<FileIdentity> found;
  for (const FileImage& file : files_) found.push_back(file.file().identity());
  return found;
}

void Gguf::expect(MappedFile::Access access) const {
  for (const FileImage& file : files_) {
    if (file.mapping() != nullptr) file.mapping()->expect(access);
  }
}

}  // namespace brim::io
