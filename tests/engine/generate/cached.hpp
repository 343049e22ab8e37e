// What a sequence's cache holds, and a text that goes on token by token: shared by the tests of rules and documents.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/state.hpp"
#include "engine/run/sequence.hpp"
#include "tests/support/saved_bytes.hpp"

namespace brim::test {

/// Everything that the cache saves.
inline std::vector<std::byte> cache_of(const run::Sequence& sequence) {
  StateWriter writer;
  sequence.cache().save(writer);
  return saved_bytes(writer);
}

/// Processes ids that must be valid, one after another, as an answer's.
inline void go_on(run::Sequence& sequence, std::span<const std::int32_t> ids) {
  for (const std::int32_t id : ids) {
    const Status status = sequence.read_next(id, nullptr);
    if (!status) FAIL(status.error().sentence);
  }
}

}  // namespace brim::test
