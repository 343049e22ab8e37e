// See session_file.hpp.
#include "engine/generate/session_file.hpp"

#include <cstring>

#include "engine/base/hash.hpp"
#include "engine/base/new_file.hpp"
#include "engine/base/quote.hpp"
#include "engine/model/profile_file.hpp"

namespace brim::generate {
namespace {

constexpr char kMagic[] = "BRIM.SES";
constexpr std::size_t kWord = sizeof(std::uint64_t);
constexpr std::size_t kHeader = 3 * kWord;
constexpr std::int64_t kMostSettings = 4096;
constexpr std::size_t kMostText = std::size_t{1} << 30;  // beyond what any file that fits in memory will say

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

std::uint64_t word_at(std::span<const std::byte> bytes, std::size_t at) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data() + at, sizeof word);
  return word;
}

Status check_whole(std::span<const std::byte> bytes, const std::string& name) {
  if (bytes.size() < kHeader + kWord || std::memcmp(bytes.data(), kMagic, kWord) != 0) {
    return error(ErrorCode::bad_file, name, " is no saved session: expected '", kMagic, "' and at least ", kHeader + kWord,
                 " bytes, found ", quoted({reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), kWord)}), " and ",
                 bytes.size());
  }
  if (const std::uint64_t version = word_at(bytes, kWord); version != std::uint64_t{kSessionFileVersion}) {
    return error(ErrorCode::bad_file, name, " is a saved session of another Brim: expected version ", kSessionFileVersion,
                 ", found ", version);
  }
  const std::size_t body = bytes.size() - kHeader - kWord;
  if (const std::uint64_t said = word_at(bytes, 2 * kWord); said != body || body % kWord != 0) {
    return error(ErrorCode::bad_file, name, " is not whole: expected ", said, " bytes of state, found ", body);
  }
  Checksum checksum;
  checksum.add(bytes.first(kHeader + body));
  if (const std::uint64_t said = word_at(bytes, kHeader + body); said != checksum.value()) {
    return error(ErrorCode::bad_file, name, " was altered: expected the checksum ", checksum.value(), ", found ", said);
  }
  return {};
}

Status restore(SessionOrigin& origin, StateReader& state) {
  state.at("the beginning");
  BRIM_TRY(state.text("model's name", kMostText, origin.model_name));
  BRIM_TRY(state.text("model's fingerprint", kMostText, origin.fingerprint));
  std::int64_t count = 0;
  BRIM_TRY(state.number("settings", 0, kMostSettings, count));
  for (std::int64_t i = 0; i < count; ++i) {
    auto& [key, value] = origin.settings.emplace_back();
    BRIM_TRY(state.text("setting", kMostText, key));
    BRIM_TRY(state.text("setting's value", kMostText, value));
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

Status write_session_file(const std::string& path, const StateWriter& body) {
  const std::size_t bytes = kHeader + body_bytes(body) + kWord;
  BRIM_ASSIGN(NewFile file, NewFile::create(path, bytes, NewFile::Neighbour::part));
  fill(file.bytes(), body);
  return file.publish();
}

std::vector<std::byte> session_file_bytes(const StateWriter& body) {
  std::vector<std::byte> bytes(kHeader + body_bytes(body) + kWord);
  fill(bytes, body);
  return bytes;
}

Result<SavedSession> SavedSession::read(std::span<const std::byte> bytes, const std::string& name,
                                        const model::Model& model) {
  BRIM_TRY(check_whole(bytes, name));
  SavedSession saved(name, bytes.subspan(kHeader, bytes.size() - kHeader - kWord));
  BRIM_TRY(restore(saved.origin_, saved.state_));
  const std::string own = model::fingerprint(model.file());
  if (saved.origin_.fingerprint == own) return saved;
  return error(ErrorCode::bad_file, name, " is a session of another model: expected ", quoted(model.config().name), " (", own,
               "), found ", quoted(saved.origin_.model_name), " (", quoted(saved.origin_.fingerprint), ")");
}

Result<SavedSession> SavedSession::open(const std::string& path, const model::Model& model) {
  BRIM_ASSIGN(MappedFile file, MappedFile::open(path));
  BRIM_ASSIGN(SavedSession saved, read(file.bytes(), path, model));
  saved.file_ = std::move(file);
  return saved;
}

}  // namespace brim::generate
