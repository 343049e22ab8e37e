// Places that can be gone back to: the newest are kept, each with a slot of its own.
#include "engine/kv/checkpoint_list.hpp"

#include <doctest/doctest.h>

#include <set>

using brim::kv::Checkpoint;
using brim::kv::CheckpointList;

TEST_CASE("the newest places are kept, in slots of their own") {
  CheckpointList list(3);
  CHECK(!list.newest(100));
  for (std::int64_t tokens = 10; tokens <= 60; tokens += 10) {
    REQUIRE(list.add(tokens));
    CHECK(!list.add(tokens));
    std::set<std::size_t> slots;
    std::int64_t before = 0;
    for (const Checkpoint& kept : list) {
      CHECK(kept.slot < 3);
      slots.insert(kept.slot);
      CHECK(kept.tokens > before);
      before = kept.tokens;
    }
    CHECK(slots.size() == list.size());
  }
  CHECK(list.size() == 3);
  CHECK(list.newest(39) == std::nullopt);
  CHECK(list.newest(40) == 40);
  CHECK(list.newest(59) == 50);
  CHECK(list.newest(1000) == 60);
  CHECK(list.has(50));
  CHECK(!list.has(51));
}

TEST_CASE("going back drops what is newer, and nothing where there is no such place") {
  CheckpointList list(2);
  const auto first = list.add(5), second = list.add(9);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(!list.go_back(7));
  CHECK(list.size() == 2);
  CHECK(list.go_back(5) == first);
  CHECK(list.size() == 1);
  CHECK(list.add(6) == second);
  list.drop_newest();
  CHECK(list.newest(100) == 5);
  list.clear();
  CHECK(list.size() == 0);
}

TEST_CASE("places behind a place are dropped") {
  CheckpointList list(3);
  for (const std::int64_t tokens : {5, 9, 12}) REQUIRE(list.add(tokens));
  list.drop_after(9);
  CHECK(list.newest(100) == 9);
  list.drop_after(8);
  CHECK(list.newest(100) == 5);
  list.drop_after(0);
  CHECK(list.size() == 0);
}

TEST_CASE("no room for any") {
  CheckpointList list(0);
  CHECK(!list.add(1));
  CHECK(list.size() == 0);
}
