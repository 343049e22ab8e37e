// See gguf.hpp: opening, and finding keys and tensors. What a file's bytes say is read in gguf_part.cpp, the other
// files of a split model in gguf_split.cpp.
#include "engine/io/gguf.hpp"

#include <utility>

#include "engine/base/quote.hpp"
#include "engine/io/gguf_part.hpp"

namespace brim::io {

Result<Gguf> Gguf::open(const std::string& path, const Options& options) {
  BRIM_ASSIGN(MappedFile file, MappedFile::open(path));
  BRIM_ASSIGN(Gguf gguf, parse(file.bytes(), path));
  gguf.files_.push_back(std::move(file));
  if (options.follow_parts) BRIM_TRY(gguf.add_parts());
  return gguf;
}

Result<Gguf> Gguf::parse(std::span<const std::byte> bytes, const std::string& name) {
  BRIM_ASSIGN(Part part, read_part(bytes, name, 0));
  Gguf gguf;
  gguf.path_ = name;
  gguf.version_ = part.version;
  gguf.file_bytes_ = bytes.size();
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

void Gguf::expect(MappedFile::Access access) const {
  for (const MappedFile& file : files_) file.expect(access);
}

}  // namespace brim::io
