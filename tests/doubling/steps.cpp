// See steps.hpp. This file is not counted, and calls nothing that is counted.
#include "tests/doubling/steps.hpp"

#include <cstddef>

namespace {

std::uint64_t steps = 0;

constexpr std::size_t kBytesPerStep = 16;
void count_bytes(std::size_t bytes) { steps += 1 + bytes / kBytesPerStep; }

}  // namespace

namespace brim::test {

std::uint64_t steps_so_far() { return steps; }
void count_steps(std::uint64_t more) { steps += more; }

}  // namespace brim::test

extern "C" {

// The function that the compiler calls at every basic block.
void __sanitizer_cov_trace_pc() { ++steps; }

// These replace the C library's functions, also for the calls that libstdc++ makes. They are slow, which does not
// matter here.
void* memcpy(void* to, const void* from, std::size_t count) {
  count_bytes(count);
  auto* out = static_cast<unsigned char*>(to);
  const auto* in = static_cast<const unsigned char*>(from);
  for (std::size_t i = 0; i < count; ++i) out[i] = in[i];
  return to;
}

void* memmove(void* to, const void* from, std::size_t count) {
  count_bytes(count);
  auto* out = static_cast<unsigned char*>(to);
  const auto* in = static_cast<const unsigned char*>(from);
  if (out < in) {
    for (std::size_t i = 0; i < count; ++i) out[i] = in[i];
  } else {
    for (std::size_t i = count; i-- > 0;) out[i] = in[i];
  }
  return to;
}

void* memset(void* to, int value, std::size_t count) {
  count_bytes(count);
  auto* out = static_cast<unsigned char*>(to);
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<unsigned char>(value);
  return to;
}

int memcmp(const void* left, const void* right, std::size_t count) {
  const auto* a = static_cast<const unsigned char*>(left);
  const auto* b = static_cast<const unsigned char*>(right);
  std::size_t same = 0;
  while (same < count && a[same] == b[same]) ++same;
  count_bytes(same);
  return same == count ? 0 : a[same] < b[same] ? -1 : 1;
}

void* memchr(const void* text, int byte, std::size_t count) noexcept {
  const auto* in = static_cast<const unsigned char*>(text);
  std::size_t at = 0;
  while (at < count && in[at] != static_cast<unsigned char>(byte)) ++at;
  count_bytes(at);
  return at == count ? nullptr : const_cast<unsigned char*>(in + at);
}

// Counted like the C library's function: linear, by the two-way algorithm. The result is found the slow way, but only
// where the beginning of the needle occurs.
void* memmem(const void* text, std::size_t size, const void* wanted, std::size_t length) noexcept {
  const auto* in = static_cast<const unsigned char*>(text);
  const auto* needle = static_cast<const unsigned char*>(wanted);
  std::size_t at = 0;
  const auto matches = [&] {
    std::size_t same = 0;
    while (same < length && in[at + same] == needle[same]) ++same;
    return same == length;
  };
  while (at + length <= size && !matches()) ++at;
  const bool found = at + length <= size;
  count_bytes((found ? at : size) + length);
  return found ? const_cast<unsigned char*>(in + at) : nullptr;
}

}  // extern "C"
