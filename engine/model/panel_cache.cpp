// See panel_cache.hpp.
#include "engine/model/panel_cache.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "engine/base/hash.hpp"
#include "kernels/threads.hpp"
#include "platform/private_files.hpp"
#include "platform/system_error_text.hpp"

namespace brim::model {
namespace {

constexpr char kMagic[8] = {'B', 'R', 'I', 'M', 'P', 'A', 'N', '2'};
constexpr char kNoteMagic[8] = {'B', 'R', 'I', 'M', 'M', 'O', 'D', '1'};
constexpr std::size_t kPiece = std::size_t{16} << 20;  ///< the size that one checksum covers
constexpr std::string_view kPanelsEnd = ".panels", kNoteEnd = ".model";
/// Time stamps of file systems are at most this coarse (FAT: two seconds).
constexpr std::int64_t kCoarsestStampNs = 2'000'000'000;

struct Header {
  char magic[8];
  Sha256::Digest hash;
  std::uint64_t bytes;     ///< bytes of panels
  std::uint64_t checksum;  ///< checksum of the checksums
};
static_assert(sizeof(Header) <= PanelCache::kHeaderBytes);

std::size_t pieces_of(std::size_t bytes) { return (bytes + kPiece - 1) / kPiece; }
std::size_t file_size(std::size_t bytes) {
  return PanelCache::kHeaderBytes + bytes + pieces_of(bytes) * sizeof(std::uint64_t);
}

std::uint64_t sum_of(std::span<const std::uint64_t> sums) { return fast_checksum(std::as_bytes(sums)); }

std::vector<std::uint64_t> note_words(std::uint64_t kind, std::span<const FileIdentity> files) {
  std::vector<std::uint64_t> words{kind};
  for (const FileIdentity& file : files) {
    words.insert(words.end(), {file.device, file.inode, file.size, static_cast<std::uint64_t>(file.modified_ns),
                               static_cast<std::uint64_t>(file.changed_ns)});
  }
  return words;
}

/// The name by which a record is found, and its content before the hash.
std::string note_text(const std::vector<std::uint64_t>& words, std::string& name) {
  const auto bytes = std::as_bytes(std::span(words));
  name = hex(sha256(bytes)).substr(0, 32).append(kNoteEnd);
  std::string text(kNoteMagic, sizeof kNoteMagic);
  return text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace

bool trusted(std::span<const FileIdentity> files, std::int64_t now_ns) {
  return !files.empty() && std::all_of(files.begin(), files.end(), [&](const FileIdentity& file) {
    return file.changed_ns < now_ns - kCoarsestStampNs && file.modified_ns < now_ns - kCoarsestStampNs;
  });
}

Result<PanelCache> PanelCache::open() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  std::string folder;
  if (cache != nullptr && cache[0] == '/') {
    folder = std::string(cache) + "/brim";
  } else if (home != nullptr && home[0] == '/') {
    folder = std::string(home) + "/.cache/brim";
  } else {
    return error(ErrorCode::io, "there is no folder for shared weights: expected XDG_CACHE_HOME or HOME to name one");
  }
  BRIM_TRY(platform::make_private_folders(folder));
  const platform::FolderCheck check = platform::check_private_folder(folder);
  if (check.failure != 0) {
    return error(ErrorCode::io, "cannot open the folder for shared weights, ", folder, ": ",
                 system_error_text(check.failure));
  }
  if (!check.why.empty()) {
    return error(ErrorCode::io, "the folder for shared weights, ", folder, ", ", check.why,
                 ": expected one that belongs to this user and that no other user may write; remove it, or let "
                 "XDG_CACHE_HOME name another");
  }
  return PanelCache(folder);
}

std::string PanelCache::path_of(const Sha256::Digest& hash) const {
  return (folder_ + "/" + hex(hash)).append(kPanelsEnd);
}

bool PanelCache::may_hold(std::size_t bytes) const {
  return platform::folder_has_file(folder_, kPanelsEnd, file_size(bytes));
}

std::optional<MappedFile> PanelCache::find(const Sha256::Digest& hash, std::size_t bytes, kernels::Threads threads,
                                           std::string& damaged) const {
  const std::string path = path_of(hash);
  Descriptor descriptor = platform::open_private_file(path, damaged);
  if (!descriptor) return std::nullopt;
  Result<InputFile> file = InputFile::of(std::move(descriptor), path);
  Result<MappedFile> mapped = file ? MappedFile::map(*file) : Result<MappedFile>(file.error());
  if (!mapped) {
    damaged = mapped.error().sentence;
    return std::nullopt;
  }
  const std::span<const std::byte> all = mapped->bytes();
  damaged = "is damaged";
  if (all.size() != file_size(bytes)) return std::nullopt;
  Header header;
  std::memcpy(&header, all.data(), sizeof header);
  std::vector<std::uint64_t> sums(pieces_of(bytes));
  std::memcpy(sums.data(), all.data() + kHeaderBytes + bytes, sums.size() * sizeof(std::uint64_t));
  const bool whole = std::memcmp(header.magic, kMagic, sizeof kMagic) == 0 && header.hash == hash &&
                     header.bytes == bytes && header.checksum == sum_of(sums);
  if (!whole) return std::nullopt;
  const std::span<const std::byte> panels = all.subspan(kHeaderBytes, bytes);
  std::atomic<bool> right{true};
  kernels::for_chunks(threads, static_cast<std::int64_t>(sums.size()), [&](std::int64_t index, int) noexcept {
    const std::size_t at = static_cast<std::size_t>(index) * kPiece;
    if (fast_checksum(panels.subspan(at, std::min(kPiece, panels.size() - at))) !=
        sums[static_cast<std::size_t>(index)]) {
      right.store(false, std::memory_order_relaxed);
    }
  });
  if (!right.load()) return std::nullopt;
  damaged.clear();
  return std::move(*mapped);
}

Result<NewFile> PanelCache::create() const {
  return NewFile::create(folder_ + "/new.panels", NewFile::Permissions::owner);
}

// The checksums cover what is read back from the file.
Status PanelCache::publish(NewFile& file, const Sha256::Digest& hash, std::size_t bytes,
                           kernels::Threads threads) const {
  // Between the panels, and possibly at the end, there are bytes that were not written: the file gets its whole size
  // first.
  std::vector<std::uint64_t> sums(pieces_of(bytes));
  const auto tail = std::as_bytes(std::span(sums));
  if (const WriteFault fault = file.try_write_at(kHeaderBytes + bytes, tail)) return file.failure(fault);
  BRIM_ASSIGN(const InputFile written, file.reading());
  threads.count = std::max(1, std::min(threads.count, static_cast<int>(std::min<std::size_t>(sums.size(), 512))));
  std::vector<std::vector<std::byte>> pieces(static_cast<std::size_t>(threads.count),
                                             std::vector<std::byte>(std::min(kPiece, bytes)));
  std::atomic_flag failed = ATOMIC_FLAG_INIT;
  ReadFault kept;
  kernels::for_chunks(threads, static_cast<std::int64_t>(sums.size()), [&](std::int64_t index, int worker) noexcept {
    const std::size_t at = static_cast<std::size_t>(index) * kPiece;
    const auto piece = std::span(pieces[static_cast<std::size_t>(worker)]).first(std::min(kPiece, bytes - at));
    const ReadFault fault = written.try_read(kHeaderBytes + at, piece);
    if (fault && !failed.test_and_set()) kept = fault;
    if (!fault) sums[static_cast<std::size_t>(index)] = fast_checksum(piece);
  });
  if (kept) return kept.error();
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.hash = hash;
  header.bytes = bytes;
  header.checksum = sum_of(sums);
  for (const auto& [place, part] :
       {std::pair(kHeaderBytes + bytes, tail), std::pair(std::size_t{0}, std::as_bytes(std::span(&header, 1)))}) {
    if (const WriteFault fault = file.try_write_at(place, part)) return file.failure(fault);
  }
  return file.publish_as(path_of(hash));
}

std::optional<Sha256::Digest> PanelCache::known(std::uint64_t kind, std::span<const FileIdentity> files) const {
  std::string name, why;
  const std::string expected = note_text(note_words(kind, files), name);
  Descriptor descriptor = platform::open_private_file(folder_ + "/" + name, why);
  if (!descriptor) return std::nullopt;
  const Result<InputFile> file = InputFile::of(std::move(descriptor), name);
  Sha256::Digest hash;
  if (!file || file->size() != expected.size() + hash.size()) return std::nullopt;
  std::string found(expected.size(), '\0');
  if (!file->read(0, std::as_writable_bytes(std::span(found))) || found != expected) return std::nullopt;
  if (!file->read(expected.size(), hash)) return std::nullopt;
  return hash;
}

void PanelCache::note(std::uint64_t kind, std::span<const FileIdentity> files, const Sha256::Digest& hash) const {
  std::string name;
  std::string text = note_text(note_words(kind, files), name);
  text.append(reinterpret_cast<const char*>(hash.data()), hash.size());
  (void)write_new_file(folder_ + "/" + name, text, NewFile::Permissions::owner);
}

}  // namespace brim::model
