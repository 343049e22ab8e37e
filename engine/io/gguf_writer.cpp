// See gguf_writer.hpp. A file that another program may be reading is never changed in place.
#include "engine/io/gguf_writer.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include "engine/base/quote.hpp"
#include "engine/io/gguf_bytes.hpp"
#include "engine/io/name_index.hpp"
#include "platform/system_error_text.hpp"

namespace brim::io {
namespace {

constexpr std::uint32_t kVersion = 3;

template <class Number>
std::string packed_array(ValueType element, std::span<const Number> values) {
  return pack_value({ValueType::array, Array{element, values.size(), std::as_bytes(values), {}, {}}});
}

std::uint64_t round_up(std::uint64_t size, std::uint64_t multiple) {
  return (size + multiple - 1) / multiple * multiple;
}

}  // namespace

void GgufWriter::set_packed(std::string_view key, std::string packed) {
  for (auto& [known, value] : metadata_) {
    if (known != key) continue;
    value = std::move(packed);
    return;
  }
  metadata_.emplace_back(key, std::move(packed));
}

void GgufWriter::set(std::string_view key, const Value& value) { set_packed(key, pack_value(value)); }
void GgufWriter::set_u32(std::string_view key, std::uint32_t value) {
  set(key, {ValueType::u32, std::uint64_t{value}});
}
void GgufWriter::set_u64(std::string_view key, std::uint64_t value) { set(key, {ValueType::u64, value}); }
void GgufWriter::set_i32(std::string_view key, std::int32_t value) { set(key, {ValueType::i32, std::int64_t{value}}); }
void GgufWriter::set_f32(std::string_view key, float value) { set(key, {ValueType::f32, static_cast<double>(value)}); }
void GgufWriter::set_bool(std::string_view key, bool value) { set(key, {ValueType::boolean, value}); }
void GgufWriter::set_string(std::string_view key, std::string_view value) { set(key, {ValueType::string, value}); }

void GgufWriter::set_strings(std::string_view key, std::span<const std::string> values) {
  Array array{ValueType::string, values.size(), {}, {values.begin(), values.end()}, {}};
  set(key, {ValueType::array, std::move(array)});
}
void GgufWriter::set_f32s(std::string_view key, std::span<const float> values) {
  set_packed(key, packed_array(ValueType::f32, values));
}
void GgufWriter::set_i32s(std::string_view key, std::span<const std::int32_t> values) {
  set_packed(key, packed_array(ValueType::i32, values));
}
void GgufWriter::set_bools(std::string_view key, std::span<const bool> values) {
  const std::vector<std::uint8_t> bytes(values.begin(), values.end());
  set_packed(key, packed_array(ValueType::boolean, std::span<const std::uint8_t>(bytes)));
}

void GgufWriter::remove(std::string_view key) {
  std::erase_if(metadata_, [&](const auto& entry) { return entry.first == key; });
}

void GgufWriter::add_tensor(std::string_view name, quant::Format format, std::span<const std::int64_t> shape) {
  Header header{std::string(name), format, {shape.begin(), shape.end()}, 0};
  // A shape that GGUF cannot hold keeps size 0, and begin() says what is wrong with it.
  std::int64_t values = 1;
  const quant::FormatInfo& facts = quant::info(format);
  for (const std::int64_t length : shape) {
    if (length < 1 || __builtin_mul_overflow(values, length, &values)) values = 0;
  }
  std::uint64_t bytes = 0;
  if (!shape.empty() && shape[0] % facts.block_length == 0 &&
      !__builtin_mul_overflow(static_cast<std::uint64_t>(values / facts.block_length),
                              static_cast<std::uint64_t>(facts.block_bytes), &bytes) &&
      bytes <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    header.bytes = bytes;
  }
  tensors_.push_back(std::move(header));
}

Status GgufWriter::check_description() const {
  for (const auto& [key, packed] : metadata_) {
    if (key.empty()) return error(ErrorCode::invalid_argument, "a GGUF file cannot hold a key without a name");
  }
  for (const Header& tensor : tensors_) {
    const quant::FormatInfo& format = quant::info(tensor.format);
    if (tensor.name.empty())
      return error(ErrorCode::invalid_argument, "a GGUF file cannot hold a tensor without a name");
    if (tensor.shape.empty() || tensor.shape.size() > 4) {
      return error(ErrorCode::invalid_argument, "tensor ", quoted(tensor.name), " has ", tensor.shape.size(),
                   " dimensions, expected 1 to 4");
    }
    if (tensor.shape[0] % format.block_length != 0) {
      return error(ErrorCode::invalid_argument, "tensor ", quoted(tensor.name), " has rows of ", tensor.shape[0],
                   " values, expected a multiple of ", format.block_length, " for ", format.name);
    }
    if (tensor.bytes == 0) {
      return error(ErrorCode::invalid_argument, "tensor ", quoted(tensor.name),
                   " has a dimension below 1 or more than 2^63 bytes");
    }
  }
  NameIndex names;
  names.build(tensors_.size(), [this](std::size_t place) { return std::string_view(tensors_[place].name); });
  if (const auto twice = names.duplicate()) {
    return error(ErrorCode::invalid_argument, "tensor ", quoted(tensors_[twice->first].name), " was added twice");
  }
  return {};
}

std::string GgufWriter::packed_description(std::uint64_t alignment) const {
  std::string out = "GGUF";
  append(out, kVersion);
  append(out, static_cast<std::uint64_t>(tensors_.size()));
  append(out, static_cast<std::uint64_t>(metadata_.size()));
  for (const auto& [key, packed] : metadata_) {
    append_string(out, key);
    out += packed;
  }
  std::uint64_t offset = 0;
  for (const Header& tensor : tensors_) {
    append_string(out, tensor.name);
    append(out, static_cast<std::uint32_t>(tensor.shape.size()));
    for (const std::int64_t length : tensor.shape) append(out, length);
    append(out, quant::info(tensor.format).gguf_id);
    append(out, offset);
    offset += round_up(tensor.bytes, alignment);
  }
  return out;
}

Status GgufWriter::begin(const std::string& path) {
  if (file_) return error(ErrorCode::wrong_state, "the GGUF writer is already writing ", path_);
  BRIM_TRY(check_description());
  alignment_ = 32;
  for (const auto& [key, packed] : metadata_) {
    if (key != "general.alignment") continue;
    Cursor cursor(std::as_bytes(std::span(packed)));
    std::uint64_t nested_left = 0;
    BRIM_ASSIGN(const Value value, read_value(cursor, "key 'general.alignment'", nested_left));
    alignment_ = static_cast<std::uint64_t>(value.as_integer().value_or(0));
    if (alignment_ < 8 || alignment_ > (1u << 20) || !std::has_single_bit(alignment_)) {
      return error(ErrorCode::invalid_argument, "key 'general.alignment' is ", alignment_,
                   ", expected a power of two from 8 to ", 1 << 20);
    }
  }
  path_ = path;
  BRIM_ASSIGN(file_, NewFile::create(path, NewFile::Permissions::usual));
  position_ = written_ = 0;
  next_tensor_ = 0;
  const std::string description = packed_description(alignment_);
  BRIM_TRY(put(description.data(), description.size()));
  return tensors_.empty() ? Status() : pad();
}

Status GgufWriter::put(const void* data, std::size_t size) {
  if (!file_) return error(ErrorCode::wrong_state, "the GGUF writer has no file open: begin() comes first");
  const Status written = file_->write({static_cast<const std::byte*>(data), size});
  if (!written) file_.reset();
  position_ += size;
  return written;
}

Status GgufWriter::pad() {
  const std::string zeros(static_cast<std::size_t>(round_up(position_, alignment_) - position_), '\0');
  return put(zeros.data(), zeros.size());
}

Status GgufWriter::write(std::span<const std::byte> data) {
  if (next_tensor_ < tensors_.size() && (written_ != 0 || data.size() != tensors_[next_tensor_].bytes)) {
    return error(ErrorCode::invalid_argument, "tensor ", quoted(tensors_[next_tensor_].name), " has ",
                 tensors_[next_tensor_].bytes - written_, " bytes still to be written, but ", data.size(),
                 " were given");
  }
  return write_piece(data);
}

Status GgufWriter::write_piece(std::span<const std::byte> piece) {
  if (next_tensor_ >= tensors_.size()) {
    return error(ErrorCode::invalid_argument, "all ", tensors_.size(), " tensors are written, but ", piece.size(),
                 " more bytes were given");
  }
  const Header& tensor = tensors_[next_tensor_];
  if (piece.size() > tensor.bytes - written_) {
    return error(ErrorCode::invalid_argument, "tensor ", quoted(tensor.name), " has ", tensor.bytes - written_,
                 " bytes still to be written, but ", piece.size(), " were given");
  }
  BRIM_TRY(put(piece.data(), piece.size()));
  written_ += piece.size();
  if (written_ < tensor.bytes) return {};
  written_ = 0;
  ++next_tensor_;
  return pad();
}

Status GgufWriter::finish() {
  if (!file_) return error(ErrorCode::wrong_state, "the GGUF writer has no file open: begin() comes first");
  if (next_tensor_ < tensors_.size()) {
    return error(ErrorCode::wrong_state, "tensor ", quoted(tensors_[next_tensor_].name), " of ", path_,
                 " has not been written");
  }
  const Status published = file_->publish();
  file_.reset();
  return published;
}

}  // namespace brim::io
