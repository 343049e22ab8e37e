// See panels.hpp. A cache file is one page of header and then the panels; it is named by a hash of everything that decides
// what is in it: the model file's size and time, its tensors' names, shapes, formats, places and first and last bytes, and which
// formats this machine repacks.
#include "engine/model/panels.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "engine/base/hash.hpp"
#include "engine/base/new_file.hpp"
#include "engine/base/size_text.hpp"
#include "engine/model/repack.hpp"
#include "kernels/dispatch.hpp"

namespace brim::model {
namespace {

constexpr std::uint64_t kLayoutVersion = 1;  ///< changes when a slab in quant/panels/ does
constexpr std::size_t kHeaderBytes = 4096;

struct Header {
  char magic[8];
  std::uint64_t fingerprint;
  std::uint64_t bytes;  ///< of panels
};
constexpr char kMagic[8] = {'B', 'R', 'I', 'M', 'P', 'A', 'N', 'L'};

std::uint64_t fingerprint(const io::Gguf& file) {
  constexpr std::size_t kSample = 256;
  Hash hash;
  hash.number(kLayoutVersion);
  for (int format = 0; format < quant::kFormatCount; ++format) hash.number(kernels::active().panels_pay[format] ? 1 : 0);
  for (int part = 0; part < file.parts(); ++part) {
    struct stat facts {};
    if (::stat(file.part_path(part).c_str(), &facts) != 0) continue;
    hash.number(facts.st_size);
    hash.number(facts.st_mtim.tv_sec);
    hash.number(facts.st_mtim.tv_nsec);
  }
  for (const io::Tensor& tensor : file.tensors()) {
    hash.add(tensor.name.data(), tensor.name.size());
    hash.number(static_cast<int>(tensor.format));
    for (const std::int64_t size : tensor.shape) hash.number(size);
    const std::size_t sample = std::min(kSample, tensor.data.size());
    hash.add(tensor.data.data(), sample);
    hash.add(tensor.data.data() + tensor.data.size() - sample, sample);
  }
  return hash.value();
}

/// Creates the folders of `path`, each readable by its owner alone.
Status make_folders(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string folder = path.substr(0, end);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
      return error(ErrorCode::io, "cannot create the folder ", folder, ": ", std::generic_category().message(errno));
    }
    if (end == std::string::npos) return {};
  }
}

Result<std::string> cache_path(std::uint64_t hash) {
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
  BRIM_TRY(make_folders(folder));
  char name[32];
  std::snprintf(name, sizeof name, "/%016llx.panels", static_cast<unsigned long long>(hash));
  return folder + name;
}

/// The panels in a mapped cache file, or null when it does not hold what is expected.
const std::byte* panels_in(const MappedFile& cache, std::uint64_t hash, std::size_t bytes) {
  if (cache.bytes().size() != kHeaderBytes + bytes) return nullptr;
  Header header;
  std::memcpy(&header, cache.bytes().data(), sizeof header);
  const bool right = std::memcmp(header.magic, kMagic, sizeof kMagic) == 0 && header.fingerprint == hash &&
                     header.bytes == bytes;
  return right ? cache.bytes().data() + kHeaderBytes : nullptr;
}

template <class... Parts>
void tell(const Repacking& work, const Parts&... parts) {
  if (work.log) work.log(LogLevel::info, sentence("the weights are ", parts...));
}

}  // namespace

Result<Panels> own_panels(Weights& weights, const io::Gguf& file, const Repacking& work) {
  BRIM_ASSIGN(Arena arena,
              Arena::create(panel_memory(weights), "the model's weights, repacked,", Arena::Touch::by_owner));
  BRIM_TRY(repack(weights, file, arena.take(arena.size()).data(), work.threads, work.progress));
  tell(work, "repacked into memory of this process, ", size_text(arena.size()));
  return Panels(std::move(arena));
}

Result<Panels> shared_panels(Weights& weights, const io::Gguf& file, const Repacking& work) {
  const std::size_t bytes = panel_memory(weights);
  const std::uint64_t hash = fingerprint(file);
  BRIM_ASSIGN(const std::string path, cache_path(hash));
  Result<MappedFile> known = MappedFile::open(path);
  if (!known || panels_in(*known, hash, bytes) == nullptr) {
    BRIM_ASSIGN(NewFile made, NewFile::create(path, kHeaderBytes + bytes));
    Weights scratch = weights;
    BRIM_TRY(repack(scratch, file, made.bytes().data() + kHeaderBytes, work.threads, work.progress));
    Header header{};
    std::memcpy(header.magic, kMagic, sizeof kMagic);
    header.fingerprint = hash;
    header.bytes = bytes;
    std::memcpy(made.bytes().data(), &header, sizeof header);
    BRIM_TRY(made.publish());
    known = MappedFile::open(path);
    if (!known) return known.error();
    tell(work, "repacked into ", path, ", where the next start finds them");
  } else {
    tell(work, "repacked by an earlier start, and read from ", path);
  }
  const std::byte* panels = panels_in(*known, hash, bytes);
  if (panels == nullptr) return error(ErrorCode::io, path, " changed while it was being read");
  known->expect(MappedFile::Access::repeated);
  use_panels(weights, panels);
  return Panels(std::move(known).value());
}

}  // namespace brim::model
