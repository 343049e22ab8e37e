// See parking.hpp.
#include "engine/schedule/parking.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "engine/base/hash.hpp"
#include "engine/base/hmac.hpp"
#include "platform/arena.hpp"
#include "platform/input_file.hpp"
#include "platform/new_file.hpp"
#include "platform/private_files.hpp"
#include "platform/random_bytes.hpp"

namespace brim::schedule {
namespace {

constexpr char kMagic[] = "BRIM.PRK";
constexpr std::uint64_t kVersion = 1;
constexpr std::string_view kEnding = ".park";
constexpr std::uint64_t kMaxHashes = std::uint64_t{1} << 24, kMaxFile = std::uint64_t{1} << 48;
constexpr std::size_t kWord = sizeof(std::uint64_t), kCode = 32, kHead = 4 * kWord + kCode;

std::vector<std::uint64_t> hashes_of(std::span<const TokenId> ids) {
  std::vector<std::uint64_t> hashes;
  Hash hash;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    hash.number(ids[i]);
    if ((i + 1) % Parking::kBlock == 0) hashes.push_back(hash.value());
  }
  return hashes;
}

std::uint64_t word_at(std::span<const std::byte> bytes, std::size_t place) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data() + place * kWord, kWord);
  return word;
}

Sha256::Digest code_of(std::span<const std::byte> secret, std::span<const std::byte> bytes) {
  HmacSha256 code(secret);
  code.add(bytes);
  return code.finish();
}

Error damaged(const std::string& name) {
  return error(ErrorCode::bad_file, "the parked text ", name,
               " was altered or is not whole: its code is not that of its bytes; it is not used");
}

Result<InputFile> open_private(const std::string& path) {
  std::string why;
  Descriptor file = platform::open_private_file(path, why);
  if (file) return InputFile::of(std::move(file), path);
  return error(ErrorCode::io, path, " cannot be used: it ", why.empty() ? "does not exist" : why);
}

}  // namespace

Result<std::unique_ptr<Parking>> Parking::open(const std::string& folder, std::int64_t max_bytes,
                                               std::string_view model) {
  if (!folder.starts_with('/') || max_bytes < 1) {
    return error(ErrorCode::invalid_argument, "parking: expected an absolute path and at least 1 byte, found ", folder,
                 " and ", max_bytes);
  }
  BRIM_TRY(platform::make_private_folders(folder));
  const platform::FolderCheck check = platform::check_private_folder(folder);
  if (check.failure != 0 || !check.why.empty()) {
    return error(ErrorCode::io, "the folder ", folder, check.failure != 0 ? " cannot be opened" : " ", check.why,
                 ": expected one that only this user can write to");
  }
  std::unique_ptr<Parking> parking(new Parking(folder, max_bytes));
  parking->model_ = sha256(std::as_bytes(std::span(model)));
  BRIM_TRY(parking->load_key());
  parking->look_through();
  return parking;
}

Status Parking::load_key() {
  const std::string path = path_of("key");
  if (file_identity(path)) {
    BRIM_ASSIGN(const InputFile file, open_private(path));
    if (file.size() != secret_.size()) {
      return error(ErrorCode::bad_file, path, ": expected a key of ", secret_.size(), " bytes, found ", file.size(),
                   "; remove it, and the parked texts with it");
    }
    return file.read(0, secret_);
  }
  if (!platform::random_bytes(secret_)) return error(ErrorCode::io, "the system has no random bytes for ", path);
  BRIM_ASSIGN(NewFile file, NewFile::create(path, NewFile::Permissions::owner));
  BRIM_TRY(file.write(secret_));
  return file.publish();
}

// What was parked last is taken for what was used last.
void Parking::look_through() {
  std::vector<platform::ListedFile> files = platform::list_files(folder_, kEnding);
  std::sort(files.begin(), files.end(), [](const auto& one, const auto& other) {
    return std::pair(one.modified_ns, one.name) < std::pair(other.modified_ns, other.name);
  });
  for (const platform::ListedFile& file : files) {
    Result<Entry> entry = read_entry(file.name);
    if (!entry) {
      platform::remove_file(path_of(file.name));
      continue;
    }
    entry->last_used = ++uses_;
    bytes_ += entry->bytes;
    entries_.push_back(std::move(*entry));
  }
}

Result<Parking::Entry> Parking::read_entry(const std::string& name) const {
  BRIM_ASSIGN(const InputFile file, open_private(path_of(name)));
  std::vector<std::byte> head(kHead);
  if (file.size() < kHead || file.size() > kMaxFile) return damaged(name);
  BRIM_TRY(file.read(0, head));
  const std::uint64_t state = word_at(head, 2), count = word_at(head, 3);
  if (std::memcmp(head.data(), kMagic, kWord) != 0 || word_at(head, 1) != kVersion || count > kMaxHashes ||
      state > kMaxFile || file.size() != kHead + count * kWord + kCode + state + kCode) {
    return damaged(name);
  }
  const std::size_t coded = kHead + static_cast<std::size_t>(count) * kWord;
  head.resize(coded + kCode);
  BRIM_TRY(file.read(0, head));
  const std::span<const std::byte> all(head);
  if (!equal_codes(code_of(secret_, all.first(coded)), all.subspan(coded))) return damaged(name);
  Entry entry;
  entry.name = name;
  std::memcpy(entry.owner.data(), head.data() + 4 * kWord, kCode);
  entry.hashes.resize(static_cast<std::size_t>(count));
  if (count > 0) std::memcpy(entry.hashes.data(), head.data() + kHead, entry.hashes.size() * kWord);
  entry.bytes = static_cast<std::int64_t>(file.size());
  return entry;
}

Sha256::Digest Parking::owner_of(std::string_view key) const noexcept {
  Sha256 digest;
  digest.add(model_);
  digest.add(std::as_bytes(std::span(key)));
  return digest.finish();
}

Status Parking::park(std::string_view key, std::span<const TokenId> ids, const StateWriter& state) {
  Entry entry;
  entry.owner = owner_of(key);
  entry.hashes = hashes_of(ids);
  std::uint64_t size = 0;
  const auto parts = state.parts();
  for (const auto part : parts) size += part.size();
  entry.bytes = static_cast<std::int64_t>(kHead + entry.hashes.size() * kWord + kCode + size + kCode);
  if (entry.hashes.empty() || entry.bytes > max_bytes_) {
    return error(ErrorCode::invalid_argument, "a text of ", ids.size(), " tokens takes ", entry.bytes,
                 " bytes when it is parked; expected at least ", kBlock, " tokens and at most ", max_bytes_, " bytes");
  }
  std::vector<std::byte> head(kHead + entry.hashes.size() * kWord);
  const std::array<std::uint64_t, 3> numbers{kVersion, size, entry.hashes.size()};
  std::memcpy(head.data(), kMagic, kWord);
  std::memcpy(head.data() + kWord, numbers.data(), sizeof numbers);
  std::memcpy(head.data() + 4 * kWord, entry.owner.data(), kCode);
  std::memcpy(head.data() + kHead, entry.hashes.data(), entry.hashes.size() * kWord);
  entry.name = hex(sha256(head)).append(kEnding);
  const Sha256::Digest first = code_of(secret_, head);
  HmacSha256 second(secret_);
  second.add(first);
  BRIM_ASSIGN(NewFile file, NewFile::create(path_of(entry.name), NewFile::Permissions::owner));
  BRIM_TRY(file.write(head));
  BRIM_TRY(file.write(first));
  for (const auto part : parts) {
    second.add(part);
    BRIM_TRY(file.write(part));
  }
  BRIM_TRY(file.write(second.finish()));
  BRIM_TRY(file.publish());
  // A shorter text that this one begins with, and the file that had this name, are no longer needed.
  for (std::size_t at = entries_.size(); at-- > 0;) {
    const Entry& old = entries_[at];
    const bool replaced = old.name == entry.name;
    if (old.owner != entry.owner || old.hashes.size() > entry.hashes.size() ||
        !std::equal(old.hashes.begin(), old.hashes.end(), entry.hashes.begin())) {
      continue;
    }
    bytes_ -= old.bytes;
    if (!replaced) platform::remove_file(path_of(old.name));
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(at));
  }
  entry.last_used = ++uses_;
  bytes_ += entry.bytes;
  entries_.push_back(std::move(entry));
  while (bytes_ > max_bytes_) {
    const auto oldest = std::min_element(entries_.begin(), entries_.end(), [](const Entry& one, const Entry& other) {
      return one.last_used < other.last_used;
    });
    drop(static_cast<std::size_t>(oldest - entries_.begin()));
  }
  return {};
}

void Parking::drop(std::size_t at) noexcept {
  platform::remove_file(folder_ + "/" + entries_[at].name);
  bytes_ -= entries_[at].bytes;
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(at));
}

// The prompt's last token is processed in any case.
std::size_t Parking::best(std::string_view key, std::span<const TokenId> ids, std::size_t& blocks) const {
  blocks = 0;
  std::size_t found = entries_.size();
  if (ids.size() <= kBlock) return found;
  const Sha256::Digest owner = owner_of(key);
  const std::vector<std::uint64_t> hashes = hashes_of(ids.first(ids.size() - 1));
  for (std::size_t at = 0; at < entries_.size(); ++at) {
    const Entry& entry = entries_[at];
    if (entry.owner != owner) continue;
    const auto equal = std::mismatch(entry.hashes.begin(), entry.hashes.end(), hashes.begin(), hashes.end()).first;
    const auto common = static_cast<std::size_t>(equal - entry.hashes.begin());
    if (common <= blocks) continue;
    blocks = common;
    found = at;
  }
  return found;
}

std::int64_t Parking::find(std::string_view key, std::span<const TokenId> ids) {
  std::size_t blocks = 0;
  const std::size_t at = best(key, ids, blocks);
  if (at < entries_.size()) entries_[at].last_used = ++uses_;
  return static_cast<std::int64_t>(blocks * kBlock);
}

Status Parking::restore(std::string_view key, std::span<const TokenId> ids, generate::Session& session) {
  std::size_t blocks = 0;
  const std::size_t at = best(key, ids, blocks);
  if (at == entries_.size()) return error(ErrorCode::invalid_argument, "no parked text begins like this prompt");
  Status status = restore(entries_[at], session);
  if (!status && status.error().code != ErrorCode::out_of_memory) drop(at);
  return status;
}

Status Parking::restore(const Entry& entry, generate::Session& session) const {
  BRIM_ASSIGN(const InputFile file, open_private(path_of(entry.name)));
  if (static_cast<std::int64_t>(file.size()) != entry.bytes) return damaged(entry.name);
  const auto size = static_cast<std::size_t>(file.size());
  BRIM_ASSIGN(Arena memory, Arena::create(size, "a parked text", Arena::Touch::by_owner));
  const std::span<std::byte> all = memory.take(size);
  BRIM_TRY(file.read(0, all));
  const std::size_t coded = kHead + entry.hashes.size() * kWord, begin = coded + kCode, end = size - kCode;
  const Sha256::Digest first = code_of(secret_, all.first(coded));
  HmacSha256 second(secret_);
  second.add(first);
  second.add(all.subspan(begin, end - begin));
  if (!equal_codes(first, all.subspan(coded, kCode)) || !equal_codes(second.finish(), all.subspan(end)) ||
      std::memcmp(entry.owner.data(), all.data() + 4 * kWord, kCode) != 0) {
    return damaged(entry.name);
  }
  StateReader state("a parked text", {std::span<const std::byte>(all.subspan(begin, end - begin))});
  return session.take_over(state);
}

}  // namespace brim::schedule
