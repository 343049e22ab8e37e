// See session_file.hpp.
#include "engine/generate/session_file.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/base/hash.hpp"
#include "engine/base/quote.hpp"
#include "engine/model/profile_file.hpp"
#include "platform/input_file.hpp"
#include "platform/new_file.hpp"

namespace brim::generate {
namespace {

constexpr char kMagic[] = "BRIM.SES";
constexpr std::size_t kWord = sizeof(std::uint64_t);
constexpr std::size_t kHeader = 3 * kWord;
constexpr std::size_t kReadAtOnce = std::size_t{4} << 20;     // a multiple of eight, as the checksum wants it
constexpr std::int64_t kMaxSettings = std::int64_t{1} << 22;  // more than the options can have values

std::size_t body_bytes(const StateWriter& body) {
  std::size_t size = 0;
  for (const auto part : body.parts()) size += part.size();
  return size;
}

void put(std::byte*& place, std::span<const std::byte> bytes) {
  if (!bytes.empty()) std::memcpy(place, bytes.data(), bytes.size());
  place += bytes.size();
}

void put(std::byte*& place, std::uint64_t number) { put(place, std::as_bytes(std::span(&number, 1))); }

void fill(std::span<std::byte> file, const StateWriter& body) {
  std::byte* place = file.data() + kHeader;
  for (const auto part : body.parts()) put(place, part);
  seal_session_file(file);
}

std::array<std::uint64_t, 3> header_of(std::size_t body) {
  std::array<std::uint64_t, 3> header{0, static_cast<std::uint64_t>(kSessionFileVersion), body};
  std::memcpy(header.data(), kMagic, kWord);
  return header;
}

/// Writes bytes and, at the end, their checksum. The bytes go through a buffer, because the checksum takes whole words
/// and pieces of a state may end within one.
class SummedWriter {
 public:
  SummedWriter(NewFile& file, WorkMeter* meter) : file_(file), meter_(meter) { block_.reserve(kBlock); }

  Status add(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const std::size_t more = std::min(kBlock - block_.size(), bytes.size());
      block_.insert(block_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(more));
      bytes = bytes.subspan(more);
      if (block_.size() == kBlock) BRIM_TRY(flush());
    }
    return {};
  }
  Status finish() {
    BRIM_TRY(flush());
    const std::uint64_t sum = checksum_.value();
    return file_.write(std::as_bytes(std::span(&sum, 1)));
  }

 private:
  static constexpr std::size_t kBlock = std::size_t{1} << 20, kBytesPerUnit = 64;

  Status flush() {
    if (!step(meter_, static_cast<std::int64_t>(1 + block_.size() / kBytesPerUnit))) return cancelled_error();
    checksum_.add(block_);
    const Status written = file_.write(block_);
    block_.clear();
    return written;
  }

  NewFile& file_;
  WorkMeter* meter_;
  Checksum checksum_;
  std::vector<std::byte> block_;
};

std::uint64_t word_at(std::span<const std::byte> bytes, std::size_t at) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data() + at, sizeof word);
  return word;
}

/// Checks the first bytes of a file of `size`: whether it is a saved session and as long as it says.
Status check_header(std::span<const std::byte> first, std::uint64_t size, const std::string& name) {
  if (size < kHeader + kWord || std::memcmp(first.data(), kMagic, kWord) != 0) {
    return error(ErrorCode::bad_file, name, " is not a saved session: expected '", kMagic, "' and at least ",
                 kHeader + kWord, " bytes, found ",
                 quoted({reinterpret_cast<const char*>(first.data()), std::min(first.size(), kWord)}), " and ", size);
  }
  if (const std::uint64_t version = word_at(first, kWord); version != std::uint64_t{kSessionFileVersion}) {
    return error(ErrorCode::bad_file, name, " is a saved session of another Brim: expected version ",
                 kSessionFileVersion, ", found ", version);
  }
  const std::uint64_t body = size - kHeader - kWord;
  if (const std::uint64_t said = word_at(first, 2 * kWord); said != body || body % kWord != 0) {
    return error(ErrorCode::bad_file, name, " is not whole: expected ", said, " bytes of state, found ", body);
  }
  return {};
}

/// Reports that phase number `phase` of restoring a file of `size` has reached `done`. Errors: cancelled.
Status report(const Progress& progress, std::size_t size, long long phase, std::size_t done) {
  const auto whole = static_cast<long long>(size);
  if (progress && !progress(phase * whole + static_cast<long long>(done), kRestorePhases * whole))
    return cancelled_error();
  return {};
}

Status check_whole(std::span<const std::byte> bytes, const std::string& name, const Progress& progress) {
  BRIM_TRY(check_header(bytes, bytes.size(), name));
  const std::size_t body = bytes.size() - kHeader - kWord;
  Checksum checksum;
  for (std::size_t at = 0, end = kHeader + body; at < end; at += kReadAtOnce) {
    BRIM_TRY(report(progress, bytes.size(), 1, at));
    checksum.add(bytes.subspan(at, std::min(kReadAtOnce, end - at)));
  }
  if (const std::uint64_t said = word_at(bytes, kHeader + body); said != checksum.value()) {
    return error(ErrorCode::bad_file, name, " was altered: expected the checksum ", checksum.value(), ", found ", said);
  }
  return {};
}

Status restore(SessionOrigin& origin, StateReader& state) {
  state.at("the beginning");
  BRIM_TRY(state.text("model's name", kMaxStateText, origin.model_name));
  BRIM_TRY(state.text("model's fingerprint", kMaxStateText, origin.fingerprint));
  std::int64_t count = 0;
  BRIM_TRY(state.number("settings", 0, kMaxSettings, count));
  for (std::int64_t i = 0; i < count; ++i) {
    auto& [key, value] = origin.settings.emplace_back();
    BRIM_TRY(state.text("setting", kMaxStateText, key));
    BRIM_TRY(state.text("setting's value", kMaxStateText, value));
  }
  return state.number("bytes that were available", 0, std::int64_t{1} << 60, origin.automatic_bytes);
}

}  // namespace

void save(const SessionOrigin& origin, StateWriter& state) {
  state.text(origin.model_name);
  state.text(origin.fingerprint);
  state.number(static_cast<std::int64_t>(origin.settings.size()));
  for (const auto& [key, value] : origin.settings) {
    state.text(key);
    state.text(value);
  }
  state.number(origin.automatic_bytes);
}

void seal_session_file(std::span<std::byte> file) {
  std::byte* place = file.data();
  put(place, std::as_bytes(std::span(kMagic, kWord)));
  put(place, static_cast<std::uint64_t>(kSessionFileVersion));
  put(place, file.size() - kHeader - kWord);
  Checksum checksum;
  checksum.add(file.first(file.size() - kWord));
  place = file.data() + file.size() - kWord;
  put(place, checksum.value());
}

Status write_session_file(const std::string& path, const StateWriter& body, WorkMeter* meter) {
  BRIM_ASSIGN(NewFile file, NewFile::create(path, NewFile::Permissions::owner));
  SummedWriter out(file, meter);
  const std::array<std::uint64_t, 3> header = header_of(body_bytes(body));
  BRIM_TRY(out.add(std::as_bytes(std::span(header))));
  for (const auto part : body.parts()) BRIM_TRY(out.add(part));
  BRIM_TRY(out.finish());
  return file.publish();
}

std::vector<std::byte> session_file_bytes(const StateWriter& body) {
  std::vector<std::byte> bytes(kHeader + body_bytes(body) + kWord);
  fill(bytes, body);
  return bytes;
}

Result<SavedSession> SavedSession::read(std::span<const std::byte> bytes, const std::string& name,
                                        const model::Model& model, const Progress& progress) {
  BRIM_TRY(check_whole(bytes, name, progress));
  SavedSession saved(name, bytes.subspan(kHeader, bytes.size() - kHeader - kWord), bytes.size());
  BRIM_TRY(restore(saved.origin_, saved.state_));
  const std::string& own = model.file().profiles.fingerprint;
  if (saved.origin_.fingerprint == own) return saved;
  return error(ErrorCode::bad_file, name, " is a session of another model: expected ", quoted(model.config().name),
               " (", own, "), found ", quoted(saved.origin_.model_name), " (", quoted(saved.origin_.fingerprint), ")");
}

// The file is read completely before anything in it is used, because another program may be writing it.
Result<SavedSession> SavedSession::open(const std::string& path, const model::Model& model, const Progress& progress) {
  BRIM_ASSIGN(const InputFile file, InputFile::open(path));
  std::array<std::byte, kHeader> first{};
  const auto begin = std::span(first).first(static_cast<std::size_t>(std::min<std::uint64_t>(kHeader, file.size())));
  BRIM_TRY(file.read(0, begin));
  BRIM_TRY(check_header(begin, file.size(), path));
  const auto size = static_cast<std::size_t>(file.size());
  BRIM_ASSIGN(Arena bytes, Arena::create(size, "a saved session", Arena::Touch::by_owner));
  const std::span<std::byte> all = bytes.take(size);
  for (std::size_t at = 0; at < size; at += kReadAtOnce) {
    BRIM_TRY(report(progress, size, 0, at));
    BRIM_TRY(file.read(at, all.subspan(at, std::min(kReadAtOnce, size - at))));
  }
  BRIM_ASSIGN(SavedSession saved, read(all, path, model, progress));
  saved.bytes_ = std::move(bytes);
  return saved;
}

}  // namespace brim::generate
