// See state.hpp.
#include "engine/base/state.hpp"

#include <cmath>

#include "engine/base/quote.hpp"

namespace brim {
namespace {

constexpr std::size_t kUnit = 8;

std::size_t padding(std::size_t size) { return (kUnit - size % kUnit) % kUnit; }

std::span<const std::byte> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

}  // namespace

std::string& StateWriter::own() {
  if (parts_.empty() || !parts_.back().piece.empty()) parts_.emplace_back();
  return parts_.back().own;
}

void StateWriter::number(std::int64_t value) { own().append(reinterpret_cast<const char*>(&value), sizeof value); }

void StateWriter::real(double value) { number(std::bit_cast<std::int64_t>(value)); }

void StateWriter::text(std::string_view value) {
  number(static_cast<std::int64_t>(value.size()));
  own().append(value).append(padding(value.size()), '\0');
}

void StateWriter::piece(std::span<const std::byte> bytes) {
  number(static_cast<std::int64_t>(bytes.size()));
  parts_.back().piece = bytes;
  if (padding(bytes.size()) > 0) own().append(padding(bytes.size()), '\0');
}

std::vector<std::span<const std::byte>> StateWriter::parts() const {
  std::vector<std::span<const std::byte>> spans;
  for (const Part& part : parts_) {
    spans.push_back(bytes_of(part.own));
    if (!part.piece.empty()) spans.push_back(part.piece);
  }
  return spans;
}

Error StateReader::wrong(std::string_view what, std::string_view expected, std::string_view found) const {
  return error(ErrorCode::bad_file, name_, " cannot be restored: ", where_, where_.empty() ? "" : ", ", what,
               ": expected ", expected, ", found ", found);
}

Error StateReader::ended(std::string_view what) const { return wrong(what, "a value", "the end"); }

std::span<const std::byte> StateReader::take(std::size_t size) {
  while (part_ < parts_.size() && place_ == parts_[part_].size()) {
    ++part_;
    place_ = 0;
  }
  if (part_ == parts_.size() || size > parts_[part_].size() - place_) return {};
  const std::span<const std::byte> taken = parts_[part_].subspan(place_, size);
  place_ += size;
  // The zeros lie behind a text in the same part, and behind a piece of memory in the next one.
  std::size_t left = padding(size);
  while (left > 0 && part_ < parts_.size()) {
    const std::size_t here = std::min(left, parts_[part_].size() - place_);
    place_ += here;
    left -= here;
    if (left == 0) break;
    ++part_;
    place_ = 0;
  }
  return taken;
}

Result<std::int64_t> StateReader::whole(std::string_view what, std::int64_t min, std::int64_t max) {
  const std::span<const std::byte> bytes = take(sizeof(std::int64_t));
  if (bytes.empty()) return ended(what);
  std::int64_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  if (value >= min && value <= max) return value;
  return wrong(what, min == max ? sentence(min) : sentence(min, " to ", max), sentence(value));
}

Status StateReader::real(std::string_view what, double min, double max, double& value) {
  const std::span<const std::byte> bytes = take(sizeof(double));
  if (bytes.empty()) return ended(what);
  double found = 0;
  std::memcpy(&found, bytes.data(), sizeof found);
  if (!(found >= min && found <= max)) return wrong(what, sentence(min, " to ", max), sentence(found));
  value = found;
  return {};
}

Status StateReader::flag(std::string_view what, bool& value) { return number(what, 0, 1, value); }

Status StateReader::text(std::string_view what, std::size_t max, std::string& value) {
  BRIM_ASSIGN(const std::int64_t size, whole(sentence(what, ", bytes"), 0, static_cast<std::int64_t>(max)));
  if (size == 0) return value.clear(), Status();
  const std::span<const std::byte> bytes = take(static_cast<std::size_t>(size));
  if (bytes.empty()) return ended(what);
  value.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return {};
}

Status StateReader::piece(std::string_view what, std::span<std::byte> destination) {
  const auto size = static_cast<std::int64_t>(destination.size());
  BRIM_TRY(whole(sentence(what, ", bytes"), size, size));
  if (size == 0) return {};
  const std::span<const std::byte> bytes = take(destination.size());
  if (bytes.empty()) return ended(what);
  constexpr std::size_t kBlock = std::size_t{1} << 20;
  for (std::size_t at = 0; at < bytes.size(); at += kBlock) {
    const std::size_t count = std::min(kBlock, bytes.size() - at);
    if (!step(meter_, static_cast<std::int64_t>(count / 64))) return cancelled_error();
    std::memcpy(destination.data() + at, bytes.data() + at, count);
  }
  return {};
}

Status StateReader::same(std::string_view what, std::int64_t own) {
  const std::span<const std::byte> bytes = take(sizeof own);
  if (bytes.empty()) return ended(what);
  std::int64_t found = 0;
  std::memcpy(&found, bytes.data(), sizeof found);
  return found == own ? Status() : wrong(what, sentence(own), sentence(found));
}

Status StateReader::same(std::string_view what, std::string_view own) {
  std::string found;
  BRIM_TRY(text(what, std::max<std::size_t>(own.size(), 200), found));
  return found == own ? Status() : wrong(what, quoted(own), quoted(found));
}

Status StateReader::end() {
  const std::span<const std::byte> more = take(kUnit);
  return more.empty() ? Status() : wrong("after the last value", "the end", "more bytes");
}

}  // namespace brim
