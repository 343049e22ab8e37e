#include "engine/kv/pool.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

using namespace brim;
using kv::Pool;

TEST_CASE("what is booked is missing until it is given back, and what does not fit is refused with the numbers") {
  const auto pool = std::make_shared<Pool>(1000);
  auto first = Pool::book(pool, 600);
  REQUIRE(first.ok());
  CHECK(pool->left() == 400);
  const auto second = Pool::book(pool, 401);
  REQUIRE(!second.ok());
  CHECK(second.error().code == ErrorCode::out_of_memory);
  for (const char* part : {"401 bytes", "1000 bytes", "600 bytes", "1 session"}) {
    CAPTURE(part);
    CHECK(second.error().sentence.find(part) != std::string::npos);
  }
  {
    Pool::Share moved = std::move(*first);
    CHECK(pool->left() == 400);
    Pool::Share other;
    other = std::move(moved);
    CHECK(pool->left() == 400);
  }
  CHECK(pool->left() == 1000);
  CHECK(Pool::book(pool, 1000).ok());
}

TEST_CASE("threads never have more than there is between them, and give everything back") {
  const auto pool = std::make_shared<Pool>(10);
  std::atomic<int> max{0}, now{0}, refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 2000; ++round) {
        const auto share = Pool::book(pool, 3);
        if (!share) {
          ++refused;
          continue;
        }
        const int holders = ++now;
        for (int seen = max; holders > seen && !max.compare_exchange_weak(seen, holders);) {
        }
        --now;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(max <= 3);
  CHECK(pool->left() == 10);
}
