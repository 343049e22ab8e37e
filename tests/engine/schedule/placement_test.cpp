// Which seat a request gets.
#include "engine/schedule/placement.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <vector>

namespace {

std::optional<std::size_t> placed(const std::vector<brim::schedule::SeatState>& seats) {
  return brim::schedule::choose_seat(seats);
}

}  // namespace

TEST_CASE("the longest prefix wins, whenever its seat was used") {
  CHECK(placed({{true, 10, 12, 5}, {true, 30, 40, 1}, {true, 20, 20, 9}}) == 1u);
  CHECK(placed({{true, 30, 40, 9}, {true, 29, 29, 1}}) == 0u);
}

TEST_CASE("of equal prefixes the seat that loses less, then the one that was not used for longest") {
  CHECK(placed({{true, 10, 90, 1}, {true, 10, 11, 9}}) == 1u);
  CHECK(placed({{true, 10, 11, 9}, {true, 10, 11, 3}, {true, 10, 11, 4}}) == 1u);
}

TEST_CASE("without a prefix an empty seat, then the one that was not used for longest") {
  CHECK(placed({{true, 0, 50, 1}, {true, 0, 0, 0}, {true, 0, 0, 0}}) == 1u);
  CHECK(placed({{true, 0, 50, 7}, {true, 0, 60, 2}, {true, 0, 5, 3}}) == 1u);
}

TEST_CASE("a common beginning does not end another conversation while a seat is empty") {
  CHECK(placed({{true, 20, 500, 1}, {true, 0, 0, 0}}) == 1u);
  CHECK(placed({{true, 250, 500, 1}, {true, 0, 0, 0}}) == 0u);  // half of what it holds
  CHECK(placed({{true, 20, 500, 1}, {true, 0, 100, 0}}) == 0u);
}

TEST_CASE("seats in use are not given away") {
  CHECK(placed({{false, 90, 90, 1}, {true, 10, 80, 2}}) == 1u);
  CHECK(placed({{false, 0, 0, 0}, {false, 5, 5, 1}}) == std::nullopt);
  CHECK(placed({}) == std::nullopt);
}
