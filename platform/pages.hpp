// Memory in whole pages, directly from the system. Nothing here throws or allocates; failures are errno values.
#pragma once

#include <cstddef>

namespace brim::platform {

/// The size of one page in bytes.
std::size_t page_size() noexcept;

struct Pages {
  std::byte* data = nullptr;  ///< null: none could be mapped, and `failure` says why
  int failure = 0;
};
/// Zeroed pages that can be read and written, none of them resident yet. unmap_pages() releases them.
Pages map_pages(std::size_t bytes) noexcept;
/// Addresses without memory, for allow_pages(). unmap_pages() releases them.
Pages reserve_pages(std::size_t bytes) noexcept;
/// Lets reserved addresses, starting at a page, be read and written. Returns 0 or an errno value.
int allow_pages(std::byte* data, std::size_t bytes) noexcept;
/// Makes pages resident, starting at a page. Returns 0, or the errno value for why the system has no more pages.
int touch_pages(std::byte* data, std::size_t bytes) noexcept;
/// Advice: many of the pages will be used, so that larger pages are useful.
void prefer_huge_pages(std::byte* data, std::size_t bytes) noexcept;
void unmap_pages(std::byte* data, std::size_t bytes) noexcept;

}  // namespace brim::platform
