// Memory by whole pages, straight from the system. Nothing here throws or allocates; failures are errno values.
#pragma once

#include <cstddef>

namespace brim::platform {

/// The size of one page in bytes.
std::size_t page_size() noexcept;

struct Pages {
  std::byte* data = nullptr;  ///< null: there are none, and `failure` says why
  int failure = 0;
};
/// Pages that can be read and written, zero, none of them resident yet. unmap_pages() gives them back.
Pages map_pages(std::size_t bytes) noexcept;
/// Addresses with nothing behind them, for allow_pages(). unmap_pages() gives them back.
Pages reserve_pages(std::size_t bytes) noexcept;
/// Lets reserved addresses, from the first of a page on, be read and written. Returns 0 or why not.
int allow_pages(std::byte* data, std::size_t bytes) noexcept;
/// Makes pages resident, from the first of a page on. Returns 0, or why the system has no more to give.
int touch_pages(std::byte* data, std::size_t bytes) noexcept;
/// Advice: many of them will be used, so that larger pages are worth their while.
void prefer_huge_pages(std::byte* data, std::size_t bytes) noexcept;
void unmap_pages(std::byte* data, std::size_t bytes) noexcept;

}  // namespace brim::platform
