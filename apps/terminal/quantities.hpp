// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace brim::apps {

/// "812 B", "3.2 KiB", "64.0 MiB", "1.50 GiB", as the engine writes sizes.
std::string bytes_text(std::int64_t bytes);
/// "3.1M", "1.24B": how many parameters a model has.
std::string count_text(std::int64_t count);
/// "20,480".
std::string grouped_text(std::int64_t number);

}  // namespace brim::apps
