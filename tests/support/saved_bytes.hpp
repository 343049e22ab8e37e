// What was saved, as one piece, for reading it back or comparing it.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/base/state.hpp"

namespace brim::test {

inline std::vector<std::byte> saved_bytes(const StateWriter& writer) {
  std::vector<std::byte> bytes;
  for (const auto part : writer.parts()) bytes.insert(bytes.end(), part.begin(), part.end());
  return bytes;
}

}  // namespace brim::test
