// Loops over constants, for instruction operands that must be constants: shifts, lanes of a vector, groups of a panel.
#pragma once

namespace brim::kernels {
namespace {

template <int kValue>
struct Constant {
  static constexpr int value = kValue;
};

/// Calls body(Constant<first>), … up to but not including `end`.
template <int kFirst, int kEnd, class Body>
inline __attribute__((always_inline)) void for_constants(Body&& body) {
  if constexpr (kFirst < kEnd) {
    body(Constant<kFirst>{});
    for_constants<kFirst + 1, kEnd>(body);
  }
}

}  // namespace
}  // namespace brim::kernels
