// SplitMix64 (Steele, Lea and Flood 2014): well mixed numbers from a counter, the same on every machine. Not for
// anything that must stay secret.
#pragma once

#include <cstdint>

namespace brim {

/// How far the counter advances from one number to the next.
inline constexpr std::uint64_t kSplitMix64Step = 0x9e3779b97f4a7c15u;

/// The number of one value of the counter. The n-th number after `state` is that of state + n · step, so it can be
/// computed without those before it.
constexpr std::uint64_t splitmix64_at(std::uint64_t state) noexcept {
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9u;
  state = (state ^ (state >> 27)) * 0x94d049bb133111ebu;
  return state ^ (state >> 31);
}

/// Advances the counter and returns its number. Every counter is a good start.
constexpr std::uint64_t splitmix64(std::uint64_t& state) noexcept { return splitmix64_at(state += kSplitMix64Step); }

}  // namespace brim
