// Lists of blocks: how evictions, undone cuts and joining change them.
#include "engine/kv/blocks.hpp"

#include <doctest/doctest.h>

#include <vector>

using brim::kv::Block;

namespace {

std::vector<Block> blocks_of(const std::vector<int>& lengths) {
  std::vector<Block> blocks;
  std::int64_t start = 0;
  for (const int length : lengths) {
    blocks.push_back({start, length, static_cast<std::int32_t>(blocks.size())});
    start += length;
  }
  return blocks;
}

std::vector<int> lengths_of(const std::vector<Block>& blocks, std::size_t count) {
  std::vector<int> lengths;
  for (std::size_t i = 0; i < count; ++i) lengths.push_back(blocks[i].length);
  return lengths;
}

}  // namespace

TEST_CASE("the size of blocks follows the room there is") {
  CHECK(brim::kv::block_size_for(0) == 8);
  CHECK(brim::kv::block_size_for(200) == 8);
  CHECK(brim::kv::block_size_for(600) == 32);
  CHECK(brim::kv::block_size_for(4096) == 64);
  CHECK(brim::kv::block_size_for(std::int64_t{1} << 40) == 64);
}

TEST_CASE("keeping some entries: blocks shrink, empty ones vanish, whole ones know where they were") {
  auto blocks = blocks_of({4, 3, 2, 5});
  const std::vector<std::uint32_t> kept = {0, 3, 7, 8, 9, 10, 11, 12, 13};
  const std::size_t count = keep_entries(blocks, kept);
  CHECK(lengths_of(blocks, count) == std::vector<int>{2, 2, 5});
  CHECK(blocks[0].from == -1);
  CHECK(blocks[1].from == 2);
  CHECK(blocks[1].start == 7);
  CHECK(blocks[2].from == 3);
}

TEST_CASE("dropping the first entries") {
  auto blocks = blocks_of({4, 3, 2});
  CHECK(drop_first_entries(blocks, 0) == 3);
  CHECK(drop_first_entries(blocks, 5) == 2);
  CHECK(lengths_of(blocks, 2) == std::vector<int>{2, 2});
  CHECK(blocks[0].from == -1);
  CHECK(blocks[1].from == 2);
  CHECK(drop_first_entries(std::span(blocks).first(2), 4) == 0);
}

TEST_CASE("undoing cuts: the last entries go, and what was cut off later is one open block again") {
  auto blocks = blocks_of({10, 10, 10, 10});
  CHECK(undo_cuts(blocks, 35, 10) == 2);
  CHECK(lengths_of(blocks, 2) == std::vector<int>{10, 25});
  blocks = blocks_of({10, 10, 10, 10});
  CHECK(undo_cuts(blocks, 25, 20) == 3);
  CHECK(lengths_of(blocks, 3) == std::vector<int>{10, 10, 5});
  CHECK(undo_cuts(std::span(blocks).first(3), 0, 0) == 0);
  blocks = {{28, 3, 0}};  // cut at 28, when nothing older was left of the block that was open from 21 on
  CHECK(undo_cuts(blocks, 2, 21) == 1);
  CHECK(blocks[0].length == 2);
  CHECK(blocks[0].start == 21);
}

TEST_CASE("small blocks join the one before, but not the first, nor the open one, nor beyond twice the size") {
  auto blocks = blocks_of({2, 3, 8, 1, 2, 15, 3, 2});
  const std::size_t count = join_small(blocks, 8);
  CHECK(lengths_of(blocks, count) == std::vector<int>{2, 3, 11, 15, 3, 2});
  CHECK(blocks[2].from == -1);
  CHECK(blocks[2].start == 5);
  CHECK(blocks[3].from == 5);
}
