// Walks an attention call over its blocks of entries: where a block lies, what follows it, and which rows see some of
// its entries. It treats vectors as bytes only.
#pragma once

#include "kernels/shared/attention_rows.ipp"

namespace brim::kernels {
namespace {

template <class Vector>
struct AttentionWalk {
  using Rows = AttentionRows<Vector>;
  using Block = AttentionBlock;
  using Packed = PackedEntries;
  using Ahead = EntriesAhead;
  static constexpr int kBlock = kAttentionBlock;

  std::size_t key_bytes;    ///< of a packed key
  std::size_t value_bytes;  ///< of a packed value; 0: values are not read

  /// Prefetches the next block while the current one is processed: a piece with each tile of rows.
  class Asking {
   public:
    Asking(const Ahead& ahead, const Packed& packed, std::int64_t tiles)
        : ahead_(ahead),
          key_bytes_(static_cast<std::ptrdiff_t>(kBlock * packed.key_stride)),
          value_bytes_(static_cast<std::ptrdiff_t>(kBlock * packed.value_stride)),
          step_(((key_bytes_ > value_bytes_ ? key_bytes_ : value_bytes_) / tiles + 63) / 64 * 64) {}

    void go_on() {
      for (const std::ptrdiff_t end = at_ + step_; at_ < end; at_ += 64) {
        if (at_ < key_bytes_) ask(ahead_.keys, ahead_.key_bytes);
        if (at_ < value_bytes_) ask(ahead_.values, ahead_.value_bytes);
      }
    }

   private:
    void ask(const std::byte* const (&pieces)[2], std::ptrdiff_t first) const {
      __builtin_prefetch(at_ < first ? pieces[0] + at_ : pieces[1] + (at_ - first), 0, 2);
    }

    const Ahead& ahead_;
    std::ptrdiff_t key_bytes_, value_bytes_, step_;
    std::ptrdiff_t at_ = 0;
  };

  /// Goes through a call's runs.
  struct Cursor {
    const KvRun* run;
    std::int64_t place = 0;  ///< in the run

    /// Skips as many of `count` entries as the run still has; returns their number.
    std::int64_t step(std::int64_t count) {
      while (place == run->count) *this = {run + 1};
      const std::int64_t left = run->count - place, taken = left < count ? left : count;
      place += taken;
      return taken;
    }
  };

  /// Copies entries that lie `stride` bytes apart to adjacent places.
  static void copy(std::byte* to, const std::byte* from, std::size_t stride, std::size_t bytes, std::size_t count) {
    if (stride == bytes) {
      __builtin_memcpy(to, from, bytes * count);
    } else {
      for (std::size_t i = 0; i < count; ++i) __builtin_memcpy(to + i * bytes, from + i * stride, bytes);
    }
  }

  /// Finds the entries of the block and moves the cursor on. Where they lie in pieces, they are copied together. This
  /// happens at the ends of runs: once or twice per context, but often where a token reads only some blocks of the
  /// context.
  __attribute__((noinline)) Packed find(Cursor& cursor, const Rows& rows, const Block& block) const {
    while (cursor.place == cursor.run->count) cursor = {cursor.run + 1};
    if (block.end - block.first == kBlock && cursor.run->count - cursor.place >= kBlock) {
      const KvRun& run = *cursor.run;
      const auto place = static_cast<std::size_t>(cursor.place);
      cursor.place += kBlock;
      return {run.keys + place * run.key_stride, run.values + place * run.value_stride, run.key_stride,
              run.value_stride};
    }
    std::byte* keys = rows.copied;
    std::byte* values = keys + kBlock * key_bytes;
    const auto zero = [&](int e, int end) {
      const auto at = static_cast<std::size_t>(e), count = static_cast<std::size_t>(end - e);
      __builtin_memset(keys + at * key_bytes, 0, count * key_bytes);
      __builtin_memset(values + at * value_bytes, 0, count * value_bytes);
    };
    zero(0, block.first);
    zero(block.end, kBlock);
    for (int e = block.first; e < block.end;) {
      const auto taken = static_cast<std::size_t>(cursor.step(block.end - e));
      const KvRun& run = *cursor.run;
      const auto from = static_cast<std::size_t>(cursor.place) - taken, to = static_cast<std::size_t>(e);
      copy(keys + to * key_bytes, run.keys + from * run.key_stride, run.key_stride, key_bytes, taken);
      copy(values + to * value_bytes, run.values + from * run.value_stride, run.value_stride, value_bytes, taken);
      e += static_cast<int>(taken);
    }
    return {keys, values, key_bytes, value_bytes};
  }

  /// What follows the cursor; `left` entries of the call remain. Behind the last run the next call is likely to
  /// continue.
  static Ahead look_ahead(const Cursor& cursor, std::int64_t left) {
    const KvRun& run = *cursor.run;
    const auto place = static_cast<std::size_t>(cursor.place), rest = static_cast<std::size_t>(run.count) - place;
    const bool ends = static_cast<std::int64_t>(rest) < left;
    const KvRun& later = ends ? cursor.run[1] : run;
    const std::size_t first = ends ? rest : kBlock;
    return {{run.keys + place * run.key_stride, later.keys},
            {run.values + place * run.value_stride, later.values},
            static_cast<std::ptrdiff_t>(first * run.key_stride),
            static_cast<std::ptrdiff_t>(first * run.value_stride)};
  }

  /// Calls body(block, packed, ahead) for each block of the call of which a row sees some entries.
  template <class Body>
  void for_blocks(const Attend& a, const Rows& rows, Body body) const {
    Cursor cursor{a.runs};
    std::int64_t token = 0;
    for (std::int64_t index = a.first / kBlock * kBlock; index < a.end; index += kBlock) {
      Block block{};
      block.index = index;
      block.first = index < a.first ? static_cast<int>(a.first - index) : 0;
      block.end = a.end - index < kBlock ? static_cast<int>(a.end - index) : kBlock;
      while (token < a.tokens && a.seen[token].end <= index + block.first) ++token;
      std::int64_t token_end = token;
      while (token_end < a.tokens && a.seen[token_end].first < index + block.end) ++token_end;
      if (token == token_end) {
        for (std::int64_t left = block.end - block.first; left > 0;) left -= cursor.step(left);
        continue;
      }
      block.row = token * a.group;
      block.row_end = token_end * a.group;
      block.seen_by_all = a.seen[token_end - 1].first <= index + block.first && a.seen[token].end >= index + block.end;
      const Packed packed = find(cursor, rows, block);
      body(block, packed, look_ahead(cursor, a.end - index - block.end));
    }
  }
};

}  // namespace
}  // namespace brim::kernels
