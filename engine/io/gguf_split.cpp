// The other files of a split model. Each part is a GGUF file of its own named PREFIX-00001-of-00003.gguf; the keys
// split.no (from 0), split.count and split.tensors.count say how they belong together, and the first part has the
// metadata.
#include <cstdio>
#include <optional>
#include <utility>

#include "engine/base/quote.hpp"
#include "engine/io/gguf.hpp"
#include "engine/io/gguf_bytes.hpp"
#include "engine/io/gguf_part.hpp"
#include "platform/input_file.hpp"

namespace brim::io {
namespace {

constexpr std::int64_t kMaxParts = 65535;  // split.count is 16 bits in files
constexpr std::int64_t kMaxTotal = std::int64_t{1} << 31;

bool is_split_key(std::string_view key) { return key.substr(0, 6) == "split."; }
bool exists(const std::string& path) { return file_identity(path).has_value(); }

// "-00002-of-00003.gguf"
std::string suffix(std::int64_t number, std::int64_t count) {
  char text[48];
  std::snprintf(text, sizeof text, "-%05lld-of-%05lld.gguf", static_cast<long long>(number + 1),
                static_cast<long long>(count));
  return text;
}

// The path before the suffix of file `number`; empty when the path does not end in that suffix.
std::optional<std::string> prefix_of(const std::string& path, std::int64_t number, std::int64_t count) {
  const std::string end = suffix(number, count);
  if (path.size() < end.size() || path.compare(path.size() - end.size(), end.size(), end) != 0) return std::nullopt;
  return path.substr(0, path.size() - end.size());
}

// The integer under `key` in a file's own metadata; empty when it is absent or not an integer.
std::optional<std::int64_t> part_integer(const Part& part, std::string_view key) {
  for (const Gguf::Entry& entry : part.metadata) {
    if (entry.key == key) return entry.value.as_integer();
  }
  return std::nullopt;
}

}  // namespace

Status Gguf::add_parts(FileImage::Access access) {
  BRIM_ASSIGN(const std::int64_t count, integer("split.count", 0, 0, kMaxParts));
  if (count <= 1) return {};
  BRIM_ASSIGN(const std::int64_t number, integer("split.no", std::nullopt, 0, count - 1));
  const std::optional<std::string> prefix = prefix_of(path_, number, count);
  if (number != 0) {
    const std::string first =
        prefix ? *prefix + suffix(0, count) : std::string("the file whose name ends in ") + suffix(0, count);
    return error(ErrorCode::bad_file, path_, " is part ", number + 1, " of ", count,
                 " of a split model: open the first part, ", first,
                 prefix && !exists(first) ? " (which is not there)" : "");
  }
  if (!prefix) {
    return error(ErrorCode::bad_file, path_, " is part 1 of ", count, " of a split model, so its name should end in ",
                 suffix(0, count), " for the other parts to be found beside it");
  }
  BRIM_ASSIGN(const std::int64_t total, integer("split.tensors.count", -1, -1, kMaxTotal));

  for (std::int64_t next = 1; next < count; ++next) {
    const std::string path = *prefix + suffix(next, count);
    if (!exists(path)) {
      return error(ErrorCode::bad_file, path_, " is a split model of ", count, " parts, but part ", next + 1,
                   " is missing: ", path);
    }
    BRIM_ASSIGN(FileImage file, FileImage::open(path, access));
    BRIM_ASSIGN(Part part, read_part(file, static_cast<int>(next)));
    const auto part_number = part_integer(part, "split.no"), part_count = part_integer(part, "split.count");
    if (part_number != next || part_count != count) {
      const auto text = [](std::optional<std::int64_t> value) {
        return value ? std::to_string(*value) : std::string("missing");
      };
      return error(ErrorCode::bad_file, path, " is not part ", next + 1, " of ", count, ": split.no is ",
                   text(part_number), ", expected ", next, ", and split.count is ", text(part_count), ", expected ",
                   count);
    }
    if (const auto said = part_integer(part, "split.tensors.count"); said && total >= 0 && *said != total) {
      return error(ErrorCode::bad_file, path, " belongs to another model: split.tensors.count is ", *said, ", but ",
                   total, " in the first part");
    }
    file_bytes_ += file.bytes().size();
    files_.push_back(std::move(file));
    BRIM_TRY(merge(part, path));
  }
  BRIM_TRY(index_tensors());
  if (total >= 0 && static_cast<std::uint64_t>(total) != tensors_.size()) {
    return error(ErrorCode::bad_file, path_, ": split.tensors.count is ", total, ", but the ", count, " parts hold ",
                 tensors_.size(), " tensors");
  }
  return {};
}

// Adds a later file's tensors. The first file's metadata is the model's; what a later file repeats must be the same,
// apart from keys that describe the file itself.
Status Gguf::merge(const Part& part, const std::string& path) {
  for (const Entry& entry : part.metadata) {
    if (is_split_key(entry.key) || entry.key == "general.alignment") continue;
    const Value* known = find(entry.key);
    if (known != nullptr && pack_value(*known) != pack_value(entry.value)) {
      return error(ErrorCode::bad_file, path, " belongs to another model: key ", quoted(entry.key),
                   " is not what it is in ", path_);
    }
  }
  tensors_.insert(tensors_.end(), part.tensors.begin(), part.tensors.end());
  return {};
}

}  // namespace brim::io
