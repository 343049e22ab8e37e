// Hashes for tables whose keys come from files and messages. The hashes depend on a key that is drawn once per process,
// so that an attacker cannot prepare keys that fall into the same place: filling a table with a hundred thousand of
// those keys takes the square of that many steps. The values differ from process to process: nothing may be stored or
// ordered by them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace brim {

/// Two secret words. The key of the process comes from the system (random_bytes.hpp), without a call that could fail.
struct HashKey {
  std::uint64_t first = 0, second = 0;

  static const HashKey& of_process();
};

/// SipHash-1-3 (Aumasson and Bernstein) of `bytes` under `key`.
std::uint64_t siphash(std::string_view bytes, const HashKey& key);

/// The hash of a text, under the process's key.
std::uint64_t keyed_hash(std::string_view bytes);
/// The hash of a number, under the process's key; for tables with millions of lookups.
std::uint64_t keyed_hash(std::uint64_t number);

}  // namespace brim
