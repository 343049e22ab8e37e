// The files of the page, which cmake/Embed.cmake puts into the command from page/built/.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace brim::apps::serve {

struct PageFile {
  std::string_view path;  ///< "/page.js"
  std::string_view type;  ///< for Content-Type
  std::string_view tag;   ///< the ETag with its quotation marks: another one for other bytes
  const unsigned char* data = nullptr;
  std::size_t size = 0;
};

std::span<const PageFile> page_files();

}  // namespace brim::apps::serve
