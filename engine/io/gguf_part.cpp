// See gguf_part.hpp. The layout: magic, version, tensor count, key count; then per key: name, type, value; then per
// tensor: name, dimensions, type, offset; then, from the next multiple of general.alignment on, the tensors' data.
// Facts from the GGUF description in ggml's docs/gguf.md.
#include "engine/io/gguf_part.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include "engine/base/quote.hpp"
#include "engine/io/file_kind.hpp"
#include "engine/io/gguf_bytes.hpp"
#include "engine/io/name_index.hpp"

namespace brim::io {
namespace {

constexpr std::uint64_t kHeaderBytes = 24;
// The min bytes of a key and a tensor: an empty name's length, its type, one byte of value; … one dimension, offset.
constexpr std::uint64_t kMinKeyBytes = 8 + 4 + 1;
constexpr std::uint64_t kMinTensorBytes = 8 + 4 + 8 + 4 + 8;
// Real files have a few hundred keys and some thousands of tensors. A key needs ten times its bytes in memory, so their
// number is limited independently of the file's size.
constexpr std::uint64_t kMaxKeys = 1 << 16;
constexpr std::uint64_t kMaxTensors = 1 << 20;
constexpr std::uint64_t kMaxNestedArrays = 1 << 16;
constexpr std::int64_t kDefaultAlignment = 32;
constexpr std::int64_t kMinAlignment = 8;
constexpr std::int64_t kMaxAlignment = 1 << 20;

struct Counts {
  std::uint64_t tensors = 0, keys = 0;
};

// Reads one part; a class so that the bytes and the name need not be handed around.
class PartReader {
 public:
  PartReader(std::span<const std::byte> bytes, const std::string& name, int number, FileImage* image)
      : bytes_(bytes), name_(name), number_(number), cursor_(bytes, image) {}

  Result<Part> read() {
    const Status status = read_all();
    if (cursor_.failure()) return *cursor_.failure();  // it caused whatever was found wrong
    if (!status) return status.error();
    return std::move(part_);
  }

 private:
  Status read_all() {
    BRIM_ASSIGN(const Counts counts, read_header());
    BRIM_TRY(read_metadata(counts.keys));
    BRIM_TRY(read_tensor_table(counts.tensors));
    return place_tensors();
  }

  template <class... Parts>
  Error bad(const Parts&... parts) const {
    return error(ErrorCode::bad_file, name_, parts...);
  }
  std::string key_subject(std::string_view key) const { return name_ + ": key " + quoted(key); }
  std::string tensor_subject(std::string_view tensor) const { return name_ + ": tensor " + quoted(tensor); }

  Result<Counts> read_header();
  Status read_metadata(std::uint64_t count);
  Status read_tensor_table(std::uint64_t count);
  Status read_tensor();
  Result<quant::Format> read_format(const std::string& subject);
  Result<std::uint64_t> alignment() const;
  Status check_room(const std::vector<std::size_t>& order, std::uint64_t length, std::uint64_t alignment_bytes) const;
  Status place_tensors();

  std::span<const std::byte> bytes_;
  const std::string& name_;
  int number_;
  Cursor cursor_;
  Part part_;
  std::vector<std::uint64_t> offsets_;  // per tensor, from the start of the data
  std::vector<std::uint64_t> sizes_;
};

Result<Counts> PartReader::read_header() {
  if (bytes_.empty()) return bad(" is not a GGUF file: it is empty");
  const std::span<const std::byte> first = cursor_.take_bytes(std::min<std::size_t>(bytes_.size(), 4));
  const std::string_view magic(reinterpret_cast<const char*>(first.data()), first.size());
  if (magic != "GGUF") {
    const std::span<const std::byte> more = cursor_.take_bytes(std::min<std::size_t>(cursor_.left(), kKindBytes));
    const std::string_view beginning(reinterpret_cast<const char*>(bytes_.data()), first.size() + more.size());
    if (const std::string_view kind = other_kind(beginning); !kind.empty()) {
      return bad(" is not a GGUF file: it is ", kind);
    }
    return bad(" is not a GGUF file: it starts with ", quoted(magic), ", expected 'GGUF'");
  }
  std::uint32_t version = 0;
  Counts counts;
  if (cursor_.take(version)) {
    // The bytes of a small number in the other byte order. No version will ever be so large.
    if (const std::uint32_t swapped = __builtin_bswap32(version);
        version > 0xFFFF && swapped <= 0xFFFF && swapped != 0) {
      return error(ErrorCode::unsupported, name_,
                   " is a big-endian GGUF file; Brim reads little-endian ones: convert it first");
    }
    if (version == 1) {
      return error(
          ErrorCode::unsupported, name_,
          " has GGUF version 1, which only the first converters wrote; expected 2 or 3: convert the model again");
    }
    if (version != 2 && version != 3) {
      return error(version > 3 ? ErrorCode::unsupported : ErrorCode::bad_file, name_, " has GGUF version ", version,
                   ", expected 2 or 3");
    }
  }
  if (!cursor_.take(counts.tensors) || !cursor_.take(counts.keys)) {
    return bad(" is cut off in the GGUF header: it has ", bytes_.size(), " bytes, expected at least ", kHeaderBytes);
  }
  part_.version = version;
  if (counts.keys > cursor_.left() / kMinKeyBytes) {
    return bad(" says it has ", counts.keys, " keys, but only ", cursor_.left(), " bytes follow the header");
  }
  if (counts.tensors > cursor_.left() / kMinTensorBytes) {
    return bad(" says it has ", counts.tensors, " tensors, but only ", cursor_.left(), " bytes follow the header");
  }
  if (counts.keys > kMaxKeys) return bad(" has ", counts.keys, " keys, expected at most ", kMaxKeys);
  if (counts.tensors > kMaxTensors) return bad(" has ", counts.tensors, " tensors, expected at most ", kMaxTensors);
  return counts;
}

Status PartReader::read_metadata(std::uint64_t count) {
  std::uint64_t nested_left = kMaxNestedArrays;
  for (std::uint64_t index = 0; index < count; ++index) {
    BRIM_ASSIGN(const std::string_view key,
                read_string(cursor_, sentence(name_, ": the name of key ", index + 1, " of ", count)));
    if (key.empty()) return bad(": the name of key ", index + 1, " of ", count, " is empty");
    BRIM_ASSIGN(Value value, read_value(cursor_, key_subject(key), nested_left));
    part_.metadata.push_back({key, std::move(value)});
  }
  NameIndex names;
  names.build(part_.metadata.size(), [&](std::size_t place) { return part_.metadata[place].key; });
  if (const auto twice = names.duplicate()) {
    return bad(": key ", quoted(part_.metadata[twice->first].key), " is there twice, as keys ", twice->first + 1,
               " and ", twice->second + 1, " of ", count);
  }
  return {};
}

Status PartReader::read_tensor_table(std::uint64_t count) {
  if (count > cursor_.left() / kMinTensorBytes) {
    return bad(" says it has ", count, " tensors, but only ", cursor_.left(), " bytes follow the metadata");
  }
  part_.tensors.reserve(static_cast<std::size_t>(count));
  offsets_.reserve(static_cast<std::size_t>(count));
  sizes_.reserve(static_cast<std::size_t>(count));
  for (std::uint64_t index = 0; index < count; ++index) BRIM_TRY(read_tensor());
  NameIndex names;
  names.build(part_.tensors.size(), [&](std::size_t place) { return part_.tensors[place].name; });
  if (const auto twice = names.duplicate()) {
    return bad(": tensor ", quoted(part_.tensors[twice->first].name), " is there twice, as tensors ", twice->first + 1,
               " and ", twice->second + 1, " of ", count);
  }
  return {};
}

Result<quant::Format> PartReader::read_format(const std::string& subject) {
  std::uint32_t type = 0;
  if (!cursor_.take(type)) return error(ErrorCode::bad_file, subject, " is cut off before its type");
  if (const auto format = quant::format_from_gguf(type)) return *format;
  const std::string_view known = quant::gguf_type_name(type);
  if (known.empty())
    return error(ErrorCode::bad_file, subject, " has type number ", type, ", which GGUF does not define");
  std::string readable;
  for (int format = 0; format < quant::kFormatCount; ++format) {
    readable += (format == 0 ? "" : ", ") + std::string(quant::info(static_cast<quant::Format>(format)).name);
  }
  return error(ErrorCode::unsupported, subject, " has type ", known, " (number ", type,
               "), which Brim does not read; it reads ", readable);
}

Status PartReader::read_tensor() {
  const std::size_t number = part_.tensors.size() + 1;
  Tensor tensor;
  tensor.part = number_;
  BRIM_ASSIGN(tensor.name, read_string(cursor_, sentence(name_, ": the name of tensor ", number)));
  if (tensor.name.empty()) return bad(": the name of tensor ", number, " is empty");
  const std::string subject = tensor_subject(tensor.name);

  std::uint32_t dimensions = 0;
  if (!cursor_.take(dimensions)) return error(ErrorCode::bad_file, subject, " is cut off before its dimensions");
  if (dimensions < 1 || dimensions > 4) {
    return error(ErrorCode::bad_file, subject, " has ", dimensions, " dimensions, expected 1 to 4");
  }
  tensor.dimensions = static_cast<int>(dimensions);
  std::int64_t values = 1;
  for (int axis = 0; axis < tensor.dimensions; ++axis) {
    std::int64_t& length = tensor.shape[axis];
    if (!cursor_.take(length)) return error(ErrorCode::bad_file, subject, " is cut off in its dimensions");
    if (length < 1) {
      return error(ErrorCode::bad_file, subject, " has dimension ", axis + 1, " of length ", length,
                   ", expected at least 1");
    }
    if (__builtin_mul_overflow(values, length, &values)) {
      return error(ErrorCode::bad_file, subject, " has more than 2^63 values (dimension ", axis + 1, " is ", length,
                   ")");
    }
  }
  BRIM_ASSIGN(tensor.format, read_format(subject));
  const quant::FormatInfo& format = quant::info(tensor.format);
  if (tensor.shape[0] % format.block_length != 0) {
    return error(ErrorCode::bad_file, subject, " has rows of ", tensor.shape[0], " values, expected a multiple of ",
                 format.block_length, " for ", format.name);
  }
  std::uint64_t size = 0, offset = 0;
  if (__builtin_mul_overflow(static_cast<std::uint64_t>(values / format.block_length),
                             static_cast<std::uint64_t>(format.block_bytes), &size) ||
      size > bytes_.size()) {
    return error(ErrorCode::bad_file, subject, " has ", values, " values in ", format.name,
                 ", which do not fit in the file's ", bytes_.size(), " bytes");
  }
  if (!cursor_.take(offset)) return error(ErrorCode::bad_file, subject, " is cut off before its offset");
  part_.tensors.push_back(tensor);
  offsets_.push_back(offset);
  sizes_.push_back(size);
  return {};
}

Result<std::uint64_t> PartReader::alignment() const {
  for (const Gguf::Entry& entry : part_.metadata) {
    if (entry.key != "general.alignment") continue;
    const std::optional<std::int64_t> value = entry.value.as_integer();
    if (!value) {
      return error(ErrorCode::bad_file, key_subject(entry.key), " is ", type_text(entry.value),
                   ", expected an integer");
    }
    if (*value < kMinAlignment || *value > kMaxAlignment || !std::has_single_bit(static_cast<std::uint64_t>(*value))) {
      return error(ErrorCode::bad_file, key_subject(entry.key), " is ", *value, ", expected a power of two from ",
                   kMinAlignment, " to ", kMaxAlignment);
    }
    return static_cast<std::uint64_t>(*value);
  }
  return std::uint64_t{kDefaultAlignment};
}

// Q1_0 and Q2_0 are also written with blocks of other lengths, under the same type numbers. Only the room that a file has
// for the tensor shows it: the bytes up to the next tensor or to the end of the file.
Status PartReader::check_room(const std::vector<std::size_t>& order, std::uint64_t length,
                              std::uint64_t alignment_bytes) const {
  for (std::size_t place = 0; place < order.size(); ++place) {
    const std::size_t index = order[place];
    const Tensor& tensor = part_.tensors[index];
    if (tensor.format != quant::Format::q1_0 && tensor.format != quant::Format::q2_0) continue;
    const std::uint64_t end = place + 1 < order.size() ? offsets_[order[place + 1]] : length;
    if (offsets_[index] > end) continue;  // damaged in another way
    const std::uint64_t room = end - offsets_[index], size = sizes_[index];
    if (room >= size && room - size < alignment_bytes) continue;
    const quant::FormatInfo& format = quant::info(tensor.format);
    return error(
        ErrorCode::unsupported, tensor_subject(tensor.name), " is ", format.name, " and has ", room,
        " bytes in the file, expected ", size, " for blocks of ", format.block_length,
        " values: other programs write other blocks under this type, or the file is cut off; get the model from "
        "somewhere else or in another type");
  }
  return {};
}

// Gives every tensor its bytes: the data starts after the table, rounded up to the alignment.
Status PartReader::place_tensors() {
  BRIM_ASSIGN(const std::uint64_t alignment_bytes, alignment());
  const std::uint64_t start = (cursor_.at() + alignment_bytes - 1) / alignment_bytes * alignment_bytes;
  const std::uint64_t length = bytes_.size() - std::min<std::uint64_t>(bytes_.size(), start);
  std::vector<std::size_t> order(part_.tensors.size());
  for (std::size_t index = 0; index < order.size(); ++index) order[index] = index;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return offsets_[a] < offsets_[b]; });
  BRIM_TRY(check_room(order, length, alignment_bytes));
  for (std::size_t index = 0; index < order.size(); ++index) {
    Tensor& tensor = part_.tensors[index];
    const std::uint64_t offset = offsets_[index], size = sizes_[index];
    if (offset % alignment_bytes != 0) {
      return error(ErrorCode::bad_file, tensor_subject(tensor.name), " has offset ", offset,
                   ", expected a multiple of ", alignment_bytes);
    }
    if (offset > length || size > length - offset) {
      return error(ErrorCode::bad_file, tensor_subject(tensor.name), " has ", size, " bytes at offset ", offset,
                   ", but the file has ", length, " bytes of tensor data: it is cut off or damaged");
    }
    tensor.data = bytes_.subspan(static_cast<std::size_t>(start + offset), static_cast<std::size_t>(size));
  }
  for (std::size_t next = 1; next < order.size(); ++next) {
    const std::size_t before = order[next - 1], after = order[next];
    if (offsets_[before] + sizes_[before] > offsets_[after]) {
      return error(ErrorCode::bad_file, tensor_subject(part_.tensors[after].name), " lies on bytes of tensor ",
                   quoted(part_.tensors[before].name), " (offset ", offsets_[after], ", expected at least ",
                   offsets_[before] + sizes_[before], ")");
    }
  }
  return {};
}

}  // namespace

Result<Part> read_part(std::span<const std::byte> bytes, const std::string& name, int number) {
  return PartReader(bytes, name, number, nullptr).read();
}

Result<Part> read_part(FileImage& image, int number) {
  return PartReader(image.bytes(), image.path(), number, &image).read();
}

}  // namespace brim::io
