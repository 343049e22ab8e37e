// See spare_memory.hpp.
#include "engine/base/spare_memory.hpp"

#include <algorithm>

namespace brim {
namespace {

// Blocks small enough for the allocator to reuse for anything, and few enough that their headers are negligible.
constexpr std::size_t kMinBlock = std::size_t{64} << 10, kMaxBlock = std::size_t{1} << 20;
constexpr std::size_t kFewBlocks = 16;

std::size_t quotient_rounded_up(std::size_t bytes, std::size_t by) { return (bytes + by - 1) / by; }

}  // namespace

Result<SpareMemory> SpareMemory::take(std::size_t bytes) {
  SpareMemory memory;
  const std::size_t blocks = quotient_rounded_up(bytes, std::clamp(bytes / kFewBlocks, kMinBlock, kMaxBlock));
  if (blocks == 0) return memory;
  // As many blocks as are needed, each no larger than needed: together they are `bytes`, not up to a block more.
  memory.block_bytes_ = quotient_rounded_up(bytes, blocks);
  memory.blocks_.resize(blocks);
  memory.wanted_ = memory.blocks_.size();
  memory.retake();
  if (memory.held_ < memory.blocks_.size()) {
    return error(ErrorCode::out_of_memory, "the machine could not provide ", bytes, " bytes to keep spare, only ",
                 memory.held());
  }
  return memory;
}

void SpareMemory::release() noexcept {
  for (auto& block : blocks_) block.reset();
  held_ = 0;
}

void SpareMemory::keep(std::size_t bytes) noexcept {
  if (block_bytes_ == 0) return;
  wanted_ = std::min(blocks_.size(), quotient_rounded_up(bytes, block_bytes_));
  if (released()) return;
  while (held_ > wanted_) blocks_[--held_].reset();
  retake();
}

void SpareMemory::retake() noexcept {
  while (held_ < wanted_) {
    blocks_[held_].reset(new (std::nothrow) std::byte[block_bytes_]);
    if (blocks_[held_] == nullptr) return;
    ++held_;
  }
}

}  // namespace brim
