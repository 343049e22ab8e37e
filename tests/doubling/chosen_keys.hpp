// Keys that an attacker has searched for: their std::hash values fall into few places of any table whose size is a
// power of two.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace brim::test {

/// `count` different texts whose std::hash is below 2^10 in its low 17 bits; the same ones at every call.
inline std::vector<std::string> chosen_keys(std::size_t count) {
  static std::vector<std::string> found;
  static std::uint64_t next = 0;
  for (; found.size() < count; ++next) {
    std::string text = "t" + std::to_string(next);
    if ((std::hash<std::string_view>{}(text) & ((1u << 17) - 1)) < (1u << 10)) found.push_back(std::move(text));
  }
  return {found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count)};
}

/// `count` different ordinary texts that were not searched for.
inline std::vector<std::string> plain_keys(std::size_t count) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < count; ++i) keys.push_back("k" + std::to_string(i));
  return keys;
}

}  // namespace brim::test
