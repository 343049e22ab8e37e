// The small text files in which Linux describes itself (/proc, /sys), read and parsed only here.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace brim {

/// The content of a small text file (at most its first 4 MiB); nothing when it cannot be read.
std::optional<std::string> read_text(const std::string& path);
/// The pieces of `text` between separators; there is no empty last piece behind a final separator.
std::vector<std::string> split_text(std::string_view text, char separator);
/// A decimal number at the start of `text` ("4096 kB", "4096\n"); nothing when there is none or it exceeds 64 bits.
std::optional<std::uint64_t> leading_number(std::string_view text);
/// The number after `name` on the line that starts with it ("MemAvailable:", "inactive_file").
std::optional<std::uint64_t> named_number(std::string_view text, std::string_view name);
/// The numbers of a list of processors, "0-3,8,10-11"; anything malformed ends the list.
std::set<int> number_list(const std::string& text);

}  // namespace brim
