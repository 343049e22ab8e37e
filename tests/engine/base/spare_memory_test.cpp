// Memory kept spare: work that found no memory runs again with the spare memory released, and the same amount is
// reserved again afterwards.
#include "engine/base/spare_memory.hpp"

#include <doctest/doctest.h>

#include <new>
#include <string>

#include "tests/support/allocation_count.hpp"

using namespace brim;

TEST_CASE("work that succeeds leaves the spare memory alone") {
  auto spare = SpareMemory::take(std::size_t{3} << 20);
  REQUIRE(spare);
  CHECK(spare->held() >= std::size_t{3} << 20);
  CHECK(spare->held() < std::size_t{4} << 20);
  int calls = 0;
  const std::size_t before = test::allocation_count();
  const Result<int> result = with_spare(*spare, [&]() -> Result<int> { return ++calls; });
  CHECK(test::allocation_count() == before);
  CHECK(*result == 1);
  CHECK(calls == 1);
}

TEST_CASE("no more is taken than was asked for, but for a byte a block") {
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{65537}, std::size_t{1048577},
                                  std::size_t{5173144}, (std::size_t{16} << 20) + 1}) {
    const auto spare = SpareMemory::take(bytes);
    REQUIRE(spare);
    CHECK(spare->held() >= bytes);
    CHECK(spare->held() <= bytes + 32);
  }
}

TEST_CASE("work without memory is done once more, with what is given back") {
  auto spare = SpareMemory::take(std::size_t{1} << 20);
  REQUIRE(spare);
  const std::size_t all = spare->held();
  for (const bool throws : {true, false}) {
    int calls = 0;
    std::size_t held = 0;
    const Status status = with_spare(*spare, [&]() -> Status {
      held = spare->held();
      if (++calls == 2) return {};
      if (throws) test::fail_new(0);
      std::string room;
      if (throws) room.reserve(1000);
      return Error{ErrorCode::out_of_memory, "no room"};
    });
    test::new_failed();
    CHECK(status);
    CHECK(calls == 2);
    CHECK(held == 0);
    CHECK(spare->held() == all);
  }
  int calls = 0;
  const Status status = with_spare(*spare, [&]() -> Status {
    ++calls;
    return error(ErrorCode::out_of_memory, "never enough");
  });
  CHECK(!status);
  CHECK(calls == 2);
  calls = 0;
  CHECK(!with_spare(*spare, [&]() -> Status { return ++calls, error(ErrorCode::cancelled, "stop"); }));
  CHECK(calls == 1);
}

TEST_CASE("releases nest: the memory is taken again when the outermost ends") {
  auto spare = SpareMemory::take(std::size_t{1} << 20);
  REQUIRE(spare);
  const std::size_t all = spare->held();
  {
    const SpareMemory::Release outer(*spare);
    CHECK(spare->released());
    { const SpareMemory::Release inner(*spare); }
    CHECK(spare->held() == 0);
    CHECK(spare->released());
    // Nested work: the spare memory is already released, so a second try would not find more.
    int calls = 0;
    CHECK(!with_spare(*spare, [&]() -> Status { return ++calls, error(ErrorCode::out_of_memory, "never enough"); }));
    CHECK(calls == 1);
    CHECK_THROWS_AS(with_spare(*spare, [&]() -> Status { throw std::bad_alloc(); }), std::bad_alloc);
    CHECK(spare->held() == 0);
  }
  CHECK(spare->held() == all);
  CHECK(!spare->released());
  int outer_calls = 0, inner_calls = 0;
  const auto inner = [&]() -> Status {
    if (++inner_calls < 3) return error(ErrorCode::out_of_memory, "not yet");
    CHECK(spare->held() == 0);
    return {};
  };
  CHECK(with_spare(*spare, [&]() -> Status { return ++outer_calls, with_spare(*spare, inner); }));
  CHECK(outer_calls == 2);
  CHECK(inner_calls == 3);
  CHECK(spare->held() == all);
}

TEST_CASE("as much is held as is to be kept, and never more than at first") {
  auto spare = SpareMemory::take(std::size_t{1} << 20);
  REQUIRE(spare);
  const std::size_t all = spare->held();
  spare->keep(all / 2);
  CHECK(spare->held() == all / 2);
  {
    const SpareMemory::Release released(*spare);
    spare->keep(all / 4);
    CHECK(spare->held() == 0);
  }
  CHECK(spare->held() == all / 4);
  spare->keep(0);
  CHECK(spare->held() == 0);
  spare->keep(2 * all);
  CHECK(spare->held() == all);
}

TEST_CASE("what cannot be taken again is held no more, and taking too much is an error") {
  auto spare = SpareMemory::take(std::size_t{1} << 20);
  REQUIRE(spare);
  const std::size_t all = spare->held();
  {
    const SpareMemory::Release released(*spare);
    CHECK(spare->held() == 0);
    test::fail_new(1);
  }
  CHECK(test::new_failed());
  CHECK(spare->held() < all);
  { const SpareMemory::Release again(*spare); }
  CHECK(spare->held() == all);
  test::fail_new(3);
  const auto none = SpareMemory::take(std::size_t{1} << 20);
  test::new_failed();
  REQUIRE(!none);
  CHECK(none.error().code == ErrorCode::out_of_memory);
}
