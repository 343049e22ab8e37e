// See arena.hpp. Where it sits: a session asks for one arena when it is created; the cache, the activations and the
// token history are parts of it.
#include "engine/base/arena.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "engine/base/memory_limits.hpp"
#include "engine/base/size_text.hpp"
#include "engine/base/system_error_text.hpp"

namespace brim {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kHugePagesFrom = std::size_t{4} << 20;  // below two huge pages there is nothing to win

std::size_t page_size() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

// Makes every page resident now. Returns 0 or an errno value.
int populate(std::byte* data, std::size_t size) {
#ifdef MADV_POPULATE_WRITE
  for (;;) {
    if (::madvise(data, size, MADV_POPULATE_WRITE) == 0) return 0;
    if (errno == EINTR || errno == EAGAIN) continue;
    if (errno == EINVAL) break;  // a kernel before 5.14
    return errno;
  }
#endif
  volatile std::byte* bytes = data;
  for (std::size_t at = 0, step = page_size(); at < size; at += step) bytes[at] = std::byte{0};
  return 0;
}

Error refusal(std::string_view owner, std::size_t size, const MemoryLimits& limits, const std::string& why) {
  return error(ErrorCode::out_of_memory, owner, " needs ", size_text(size), " of memory, but ", why, " (",
               size_text(limits.available), " of ", size_text(limits.total), " available, limited by ", limits.limiting,
               ")");
}

}  // namespace

std::size_t Arena::whole_pages(std::size_t bytes) { return (bytes + page_size() - 1) / page_size() * page_size(); }

Result<Arena> Arena::create(std::size_t bytes, std::string_view owner, Touch when) {
  Arena arena;
  if (bytes == 0) return arena;
  const std::size_t page = page_size();
  const MemoryLimits limits = memory_limits();
  if (bytes > std::numeric_limits<std::size_t>::max() - page) return refusal(owner, bytes, limits, "no machine has that much");
  const std::size_t size = whole_pages(bytes);
  if (size > limits.available) return refusal(owner, size, limits, "that much is not to be had");

  void* data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) {
    return refusal(owner, size, limits, sentence("the system refused it: ", system_error_text(errno)));
  }
  arena.data_ = static_cast<std::byte*>(data);
  arena.size_ = size;
  if (size >= kHugePagesFrom) ::madvise(data, size, MADV_HUGEPAGE);
  if (when == Touch::by_owner) return arena;
  if (const int failure = arena.touch(0, size); failure != 0) {
    return refusal(owner, size, limits, sentence("the system could not provide it: ", system_error_text(failure)));
  }
  return arena;
}

int Arena::touch(std::size_t first, std::size_t bytes) const noexcept {
  const std::size_t begin = std::min(first, size_), before = begin % page_size();  // the system knows whole pages only
  return populate(data_ + begin - before, std::min(bytes, size_ - begin) + before);
}

std::span<std::byte> Arena::take(std::size_t bytes) {
  const std::size_t first = (used_ + kAlignment - 1) / kAlignment * kAlignment;
  if (first > size_ || bytes > size_ - first) return {};
  used_ = first + bytes;
  return {data_ + first, bytes};
}

Arena::Arena(Arena&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      used_(std::exchange(other.used_, 0)) {}

Arena& Arena::operator=(Arena&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(used_, other.used_);
  return *this;
}

Arena::~Arena() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

}  // namespace brim
