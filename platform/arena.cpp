// See arena.hpp. A session requests one arena when it is created; the cache, the activations and the token history are
// ranges of the arena.
#include "platform/arena.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/base/size_text.hpp"
#include "platform/memory_limits.hpp"
#include "platform/pages.hpp"
#include "platform/system_error_text.hpp"

namespace brim {
namespace {

using platform::page_size;

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kHugePagesFrom = std::size_t{4} << 20;  // below two huge pages there is nothing to gain

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
  if (bytes > std::numeric_limits<std::size_t>::max() - page)
    return refusal(owner, bytes, limits, "that is more than any machine has");
  const std::size_t size = whole_pages(bytes);
  if (size > limits.available) return refusal(owner, size, limits, "not enough memory is available");

  const platform::Pages pages = platform::map_pages(size);
  if (pages.data == nullptr) {
    return refusal(owner, size, limits, sentence("the system refused it: ", system_error_text(pages.failure)));
  }
  arena.data_ = pages.data;
  arena.size_ = size;
  if (size >= kHugePagesFrom) platform::prefer_huge_pages(arena.data_, size);
  if (when == Touch::by_owner) return arena;
  if (const int failure = arena.touch(0, size); failure != 0) {
    return refusal(owner, size, limits, sentence("the system could not provide it: ", system_error_text(failure)));
  }
  return arena;
}

int Arena::touch(std::size_t first, std::size_t bytes) const noexcept {
  const std::size_t begin = std::min(first, size_), before = begin % page_size();  // the system handles whole pages
  return platform::touch_pages(data_ + begin - before, std::min(bytes, size_ - begin) + before);
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
  if (data_ != nullptr) platform::unmap_pages(data_, size_);
}

}  // namespace brim
