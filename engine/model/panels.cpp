// See panels.hpp.
#include "engine/model/panels.hpp"

#include <chrono>

#include "engine/base/hash.hpp"
#include "engine/base/progress_span.hpp"
#include "engine/base/size_text.hpp"
#include "engine/model/panel_cache.hpp"

namespace brim::model {
namespace {

constexpr std::uint64_t kLayoutVersion = 1;  ///< changes when a slab in quant/panels/ does

/// What decides, in addition to the model, what panels hold: their layout, and which formats these kernels need
/// repacked.
std::uint64_t layout_kind(const kernels::Table& table) {
  Hash hash;
  hash.number(kLayoutVersion);
  for (int format = 0; format < quant::kFormatCount; ++format) hash.number(table.panels_pay[format] ? 1 : 0);
  return hash.value();
}

/// The hash of everything that decides what panels hold: every byte that goes into them, its format and its place, but neither
/// the file's name nor its times.
Sha256::Digest content_hash(const kernels::Table& table, const io::Gguf& file,
                            const std::vector<Sha256::Digest>& pieces) {
  Sha256 sha;
  const auto number = [&](std::uint64_t value) { sha.add(std::as_bytes(std::span(&value, 1))); };
  number(layout_kind(table));
  number(file.tensors().size());
  for (const io::Tensor& tensor : file.tensors()) {
    number(tensor.name.size());
    sha.add(std::as_bytes(std::span(tensor.name.data(), tensor.name.size())));
    number(static_cast<std::uint64_t>(tensor.format));
    for (const std::int64_t size : tensor.shape) number(static_cast<std::uint64_t>(size));
  }
  number(pieces.size());
  sha.add(std::as_bytes(std::span(pieces)));
  return sha.finish();
}

std::int64_t now_ns() {
  using namespace std::chrono;
  return duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
}

template <class... Parts>
void tell(const Repacking& work, LogLevel level, const Parts&... parts) {
  if (work.log) work.log(level, sentence(parts...));
}

/// The panels of this hash, when the cache has them completely.
std::optional<MappedFile> find(const PanelCache& cache, const Sha256::Digest& hash, std::size_t bytes,
                               const Repacking& work, std::string& damaged) {
  std::optional<MappedFile> found = cache.find(hash, bytes, work.runtime.threads, damaged);
  if (found)
    tell(work, LogLevel::info, "the weights are repacked by an earlier start, and read from ", cache.path_of(hash));
  return found;
}

/// Repacks into the cache, and hashes what it reads.
Result<MappedFile> repack_into(const PanelCache& cache, const Weights& weights, const io::Gguf& file, std::size_t bytes,
                               const Repacking& work, const Progress& progress, Sha256::Digest& hash) {
  BRIM_ASSIGN(NewFile made, cache.create());
  std::vector<Sha256::Digest> pieces;
  const Destination to{nullptr, &made, PanelCache::kHeaderBytes, &pieces};
  BRIM_TRY(move_weights(weights, file, Moved::panels, to, work.runtime, progress));
  hash = content_hash(work.runtime.table, file, pieces);
  // Another process may have been faster; and an unusable file is reported before it is replaced.
  std::string damaged;
  if (auto known = find(cache, hash, bytes, work, damaged)) return std::move(*known);
  if (!damaged.empty()) {
    tell(work, LogLevel::warning, cache.path_of(hash), " ", damaged, ": the weights are repacked again");
  }
  BRIM_TRY(cache.publish(made, hash, bytes, work.runtime.threads));
  std::optional<MappedFile> found = cache.find(hash, bytes, work.runtime.threads, damaged);
  if (!found) return error(ErrorCode::io, cache.path_of(hash), " changed while it was being read");
  tell(work, LogLevel::info, "the weights are repacked into ", cache.path_of(hash),
       ", where the next start finds them");
  return std::move(*found);
}

/// The cache's panels for this model, found through the record of an earlier start, else by a hash of the model, else
/// created.
Result<MappedFile> cached_panels(const PanelCache& cache, const Weights& weights, const io::Gguf& file,
                                 const Repacking& work) {
  const std::size_t bytes = moved_memory(weights, work.runtime.table, Moved::panels);
  const std::vector<FileIdentity> files = file.identities();
  const std::uint64_t kind = layout_kind(work.runtime.table);
  // The identities as they were opened: a change during reading may leave the time stamps of a file that was changed
  // just before.
  const bool noted = trusted(files, now_ns());
  std::string damaged;  // is reported when the panels are replaced
  // The model may be read twice: for its hash, and to be repacked.
  const long long total = weights.file_bytes();
  const Progress hashing = progress_span(work.progress, 0, total / 2, total);
  Progress repacking = work.progress;
  std::optional<Sha256::Digest> hash = noted ? cache.known(kind, files) : std::nullopt;
  if (hash) {
    if (auto found = find(cache, *hash, bytes, work, damaged)) return std::move(*found);
  } else if (cache.may_hold(bytes)) {
    std::vector<Sha256::Digest> pieces;
    BRIM_TRY(move_weights(weights, file, Moved::panels, {nullptr, nullptr, 0, &pieces}, work.runtime, hashing));
    hash = content_hash(work.runtime.table, file, pieces);
    if (auto found = find(cache, *hash, bytes, work, damaged)) {
      if (noted) cache.note(kind, files, *hash);
      if (work.progress && !work.progress(total, total))
        return error(ErrorCode::cancelled, "loading ", file.path(), " was stopped");
      return std::move(*found);
    }
    repacking = progress_span(work.progress, total / 2, total, total);
  }
  Sha256::Digest made{};
  BRIM_ASSIGN(MappedFile panels, repack_into(cache, weights, file, bytes, work, repacking, made));
  if (noted) cache.note(kind, files, made);
  return panels;
}

}  // namespace

Result<Panels> local_panels(Weights& weights, const io::Gguf& file, const Repacking& work) {
  BRIM_ASSIGN(Arena arena, Arena::create(moved_memory(weights, work.runtime.table, Moved::all),
                                         "the model's weights, in memory,", Arena::Touch::by_owner));
  std::byte* memory = arena.take(arena.size()).data();
  BRIM_TRY(move_weights(weights, file, Moved::all, {memory, nullptr, 0, nullptr}, work.runtime, work.progress));
  const bool repacks = repacking_pays(weights, work.runtime.table);
  use_moved(weights, work.runtime.table, Moved::all, memory);
  tell(work, LogLevel::info, "the weights are ", repacks ? "repacked into" : "read into", " memory of this process, ",
       size_text(arena.size()));
  return Panels(std::move(arena));
}

Result<Panels> shared_panels(Weights& weights, const io::Gguf& file, const Repacking& work) {
  BRIM_ASSIGN(const PanelCache cache, PanelCache::open());
  BRIM_ASSIGN(MappedFile panels, cached_panels(cache, weights, file, work));
  panels.expect(MappedFile::Access::repeated);
  use_moved(weights, work.runtime.table, Moved::panels, panels.bytes().data() + PanelCache::kHeaderBytes);
  return Panels(std::move(panels));
}

}  // namespace brim::model
