#include "engine/text/candidate_heap.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "engine/text/symbol_spans.hpp"

namespace {

using namespace brim::text;
using Heap = CandidateHeap<int, std::greater<>>;

std::vector<int> all(Heap& heap) {
  std::vector<int> order;
  while (!heap.empty()) order.push_back(heap.pop());
  return order;
}

TEST_CASE("the best candidate comes first, whatever the order they came in") {
  Heap heap;
  heap.reserve(5);
  const auto holds = [](int) { return true; };
  for (const int candidate : {3, 1, 4, 1, 5}) CHECK(heap.push(candidate, holds, nullptr));
  CHECK(all(heap) == std::vector<int>{1, 1, 3, 4, 5});
}

TEST_CASE("a full heap drops what was overtaken, and nothing else") {
  Heap heap;
  heap.reserve(8);
  int overtaken = 0;
  const auto holds = [&](int candidate) { return candidate >= overtaken; };
  for (int candidate = 1; candidate <= 8; ++candidate) CHECK(heap.push(candidate, holds, nullptr));
  overtaken = 4;
  CHECK(heap.push(9, holds, nullptr));
  CHECK(all(heap) == std::vector<int>{4, 5, 6, 7, 8, 9});
}

TEST_CASE("making room can be cancelled") {
  Heap heap;
  heap.reserve(4);
  const auto holds = [](int) { return false; };
  for (int candidate = 0; candidate < 4; ++candidate) CHECK(heap.push(candidate, holds, nullptr));
  const std::atomic<bool> cancel{true};
  brim::WorkMeter meter(&cancel);
  CHECK_FALSE(meter.poll());
  CHECK_FALSE(heap.push(4, holds, &meter));
}

TEST_CASE("symbols know both neighbours while they are joined") {
  SymbolSpans symbols;
  for (const std::uint32_t length : {1u, 3u, 1u, 2u}) symbols.append(length);  // at 0, 1, 4, 5
  CHECK(symbols.size() == 7);
  symbols.join(4);  // 0, 1, 4
  CHECK_FALSE(symbols.begins(5));
  CHECK(symbols.length(4) == 3);
  CHECK(symbols.next(4) == 7);
  CHECK(symbols.previous(4) == 1);
  symbols.join(0);  // 0, 4
  CHECK_FALSE(symbols.begins(1));
  CHECK(symbols.previous(4) == 0);
  CHECK(symbols.next(0) == 4);
  symbols.join(0);
  CHECK(symbols.begins(0));
  CHECK_FALSE(symbols.begins(4));
  CHECK(symbols.next(0) == 7);
}

TEST_CASE("two symbols of one byte: the second is gone, and its byte leads back to the first") {
  SymbolSpans symbols;
  for (int i = 0; i < 3; ++i) symbols.append(1);
  symbols.join(0);
  CHECK_FALSE(symbols.begins(1));
  CHECK(symbols.previous(2) == 0);
}

}  // namespace
