// See platform/pages.hpp.
#include "platform/pages.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace brim::platform {
namespace {

Pages mapped(std::size_t bytes, int protection, int flags) noexcept {
  void* const data = ::mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  if (data == MAP_FAILED) return {nullptr, errno};
  return {static_cast<std::byte*>(data), 0};
}

}  // namespace

std::size_t page_size() noexcept { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

Pages map_pages(std::size_t bytes) noexcept { return mapped(bytes, PROT_READ | PROT_WRITE, 0); }
Pages reserve_pages(std::size_t bytes) noexcept { return mapped(bytes, PROT_NONE, MAP_NORESERVE); }

int allow_pages(std::byte* data, std::size_t bytes) noexcept {
  return ::mprotect(data, bytes, PROT_READ | PROT_WRITE) == 0 ? 0 : errno;
}

int touch_pages(std::byte* data, std::size_t bytes) noexcept {
#ifdef MADV_POPULATE_WRITE
  for (;;) {
    if (::madvise(data, bytes, MADV_POPULATE_WRITE) == 0) return 0;
    if (errno == EINTR || errno == EAGAIN) continue;
    if (errno == EINVAL) break;  // a kernel before 5.14
    return errno;
  }
#endif
  volatile std::byte* places = data;
  for (std::size_t at = 0, step = page_size(); at < bytes; at += step) places[at] = std::byte{0};
  return 0;
}

void prefer_huge_pages(std::byte* data, std::size_t bytes) noexcept { ::madvise(data, bytes, MADV_HUGEPAGE); }

void unmap_pages(std::byte* data, std::size_t bytes) noexcept { ::munmap(data, bytes); }

}  // namespace brim::platform
