// Attention over cached vectors, once for every set: the walk over blocks of entries. A block's keys are turned, and for
// many rows keys and values are spread out as floats in scratch first; attention_rows.ipp does the rest.
#pragma once

#include "kernels/shared/attention_rows.ipp"
#include "kernels/shared/turned.ipp"

namespace brim::kernels {
namespace {

template <class Vector, KvType kType>
struct Attention {
  using Batch = typename Vector::Batch;
  using Load = Cached<Vector, kType>;
  using Turned = TurnedKeys<Vector, kType>;
  using Rows = AttentionRows<Vector>;
  using Block = typename Rows::Block;
  static constexpr int kWidth = Vector::kWidth;
  static constexpr int kBlock = kAttentionBlock;
  static constexpr int kFewRows = 2 * Rows::kRows;

  /// Where a block's entries are: the key of column e is keys + e · key_stride. Columns outside the block's are readable too.
  struct Packed {
    const std::byte* keys;
    const std::byte* values;
    std::size_t key_stride;
    std::size_t value_stride;
  };

  /// Where the entries behind a block lie, in up to two pieces: only to be asked for ahead of their use. The first piece has
  /// so many bytes of keys and of values; behind those come the second's.
  struct Ahead {
    const std::byte* keys[2];
    const std::byte* values[2];
    std::ptrdiff_t key_bytes;
    std::ptrdiff_t value_bytes;
  };

  /// Goes through a call's runs.
  struct Cursor {
    const KvRun* run;
    std::int64_t place = 0;  ///< in the run

    /// Steps over as many of `count` entries as the run still has; how many these are.
    std::int64_t step(std::int64_t count) {
      while (place == run->count) *this = {run + 1};
      const std::int64_t left = run->count - place, taken = left < count ? left : count;
      place += taken;
      return taken;
    }
  };

  /// Copies entries that lie `stride` apart side by side.
  static void copy(std::byte* to, const std::byte* from, std::size_t stride, std::size_t bytes, std::size_t count) {
    if (stride == bytes) {
      __builtin_memcpy(to, from, bytes * count);
    } else {
      for (std::size_t i = 0; i < count; ++i) __builtin_memcpy(to + i * bytes, from + i * stride, bytes);
    }
  }

  /// Finds the entries of the block and moves the cursor on. Where they lie in pieces — at the ends of runs: once or twice in
  /// a context, but often where a token reads some blocks of it only — they are copied together.
  static Packed find(const Attend& a, Cursor& cursor, const Rows& rows, const Block& block) {
    while (cursor.place == cursor.run->count) cursor = {cursor.run + 1};
    if (block.end - block.first == kBlock && cursor.run->count - cursor.place >= kBlock) {
      const KvRun& run = *cursor.run;
      const auto place = static_cast<std::size_t>(cursor.place);
      cursor.place += kBlock;
      return {run.keys + place * run.key_stride, run.values + place * run.value_stride, run.key_stride, run.value_stride};
    }
    const std::size_t key_bytes = kv_vector_bytes(kType, a.key_size), value_bytes = kv_vector_bytes(kType, a.value_size);
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

  /// What comes behind the cursor; `left` entries of the call are there. Behind the last run the next call is likely to go on.
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

  /// Calls body(block, packed, ahead) for each block of the call that a row sees some of.
  template <class Body>
  static void for_blocks(const Attend& a, const Rows& rows, Body body) {
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
      const Packed packed = find(a, cursor, rows, block);
      body(block, packed, look_ahead(cursor, a.end - index - block.end));
    }
  }

  /// Columns beside [first, end), to whole vectors, are converted too.
  static void spread_keys(const Turned& turned, const Block& block, int size, float* keys) {
    for (int d = 0; d < size; ++d) {
      for (int e = block.first / kWidth * kWidth; e < block.end; e += kWidth) {
        Vector::store(keys + d * kBlock + e, turned.load(d, e));
      }
    }
  }

  static void spread_values(const Block& block, const Packed& packed, int size, float* values, int stride) {
    for (int e = block.first; e < block.end; ++e) {
      const std::byte* from = packed.values + static_cast<std::size_t>(e) * packed.value_stride;
      float* to = values + std::int64_t{e} * stride;
      int d = 0;
      for (; d + kWidth <= size; d += kWidth) Vector::store(to + d, Load::load(from, d));
      if (d < size) Vector::store(to + d, Load::load_rest(from, d, size - d));
    }
  }

  /// Few rows take keys and values as they are stored: spreading them out first would cost more than it wins. Here memory
  /// sets the pace, so the next block is asked for all along, a line every few multiplications: asked for in one go it
  /// fills the processor's list of open requests and everything waits, and the processor's own guesses end with a block.
  template <bool kOnePiece>
  static void take_few(const Rows& rows, const Turned& turned, const Block& block, const Packed& packed, const Ahead& ahead) {
    const auto ask = [](const std::byte* const (&pieces)[2], std::ptrdiff_t first, std::ptrdiff_t at, int v) {
      if (v * kWidth * Load::kBytes % 64 != 0) return;
      at += v * kWidth * Load::kBytes;
      __builtin_prefetch(kOnePiece || at < first ? pieces[0] + at : pieces[1] + (at - first), 0, 3);
    };
    const auto keys = [&](int d, int column, int v) {
      ask(ahead.keys, ahead.key_bytes, (d * kBlock + column) * Load::kBytes, v);
      return turned.load(d, column + v * kWidth);
    };
    const auto values = [&](int e, int d, int v) {
      const auto place = static_cast<std::size_t>(e) * packed.value_stride;
      ask(ahead.values, ahead.value_bytes, static_cast<std::ptrdiff_t>(place) + d * Load::kBytes, v);
      return Load::load(packed.values + place, d + v * kWidth);
    };
    Rows::for_tiles(block.row, block.row_end, [&](auto count, std::int64_t row) {
      rows.template take<decltype(count)::value>(row, block, keys, values);
    });
  }

  /// Asks for the block behind the cursor while this one is worked on: a piece with each tile of rows.
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

  static void take_many(const Attend& a, const Rows& rows, const Turned& turned, const Block& block, const Packed& packed,
                        const Ahead& ahead) {
    spread_keys(turned, block, a.key_size, rows.keys);
    spread_values(block, packed, a.value_size, rows.values, rows.value_stride);
    const auto keys = [&](int d, int column, int v) { return Vector::load(rows.keys + d * kBlock + column + v * kWidth); };
    const auto values = [&](int e, int d, int v) {
      return Vector::load(rows.values + e * rows.value_stride + d + v * kWidth);
    };
    Asking asking(ahead, packed, (block.row_end - block.row + Rows::kRows - 1) / Rows::kRows);
    Rows::for_tiles(block.row, block.row_end, [&](auto count, std::int64_t row) {
      asking.go_on();
      rows.template take<decltype(count)::value>(row, block, keys, values);
    });
  }

  static void attend(const Attend& a) noexcept {
    Rows rows(a);
    rows.start();
    Turned turned(rows.turned, a.key_size);
    const bool few = a.tokens * a.group <= kFewRows && a.value_size % kWidth == 0;
    for_blocks(a, rows, [&](const Block& block, const Packed& packed, const Ahead& ahead) {
      turned.turn(packed.keys, packed.key_stride, block.first, block.end);
      if (few && ahead.key_bytes >= static_cast<std::ptrdiff_t>(kBlock * packed.key_stride)) {
        take_few<true>(rows, turned, block, packed, ahead);
      } else if (few) {
        take_few<false>(rows, turned, block, packed, ahead);
      } else {
        take_many(a, rows, turned, block, packed, ahead);
      }
    });
    rows.finish();
  }

  static void attention_mass(const AttentionMass& m) noexcept {
    const Attend& a = m.attend;
    Rows rows(a);
    rows.start();
    Turned turned(rows.turned, a.key_size);
    for_blocks(a, rows, [&](const Block& block, const Packed& packed, const Ahead&) {
      turned.turn(packed.keys, packed.key_stride, block.first, block.end);
      spread_keys(turned, block, a.key_size, rows.keys);
      const auto keys = [&](int d, int column, int v) {
        return Vector::load(rows.keys + d * kBlock + column + v * kWidth);
      };
      float mass[kBlock] = {};
      float* own = m.mass + (block.index - a.first);
      for (int e = block.first; e < block.end; ++e) mass[e] = own[e];
      Rows::for_tiles(block.row, block.row_end, [&](auto count, std::int64_t row) {
        rows.template add_mass<decltype(count)::value>(row, block, keys, a.state, mass);
      });
      for (int e = block.first; e < block.end; ++e) own[e] = mass[e];
    });
  }

  static void fill(Table& table) {
    table.attend[static_cast<int>(kType)] = attend;
    table.attention_mass[static_cast<int>(kType)] = attention_mass;
    table.unpack_kv[static_cast<int>(kType)] = Load::unpack_kv;
  }
};

template <class Vector>
void merge_attention(const AttentionState& into, const AttentionState& later, std::int64_t tokens, int group,
                     int value_size) noexcept {
  using Batch = typename Vector::Batch;
  for (std::int64_t t = 0; t < tokens; ++t) {
    for (int g = 0; g < group; ++g) {
      const std::int64_t to = t * into.token_stride + g, from = t * later.token_stride + g;
      const float before = into.largest[to], after = later.largest[from], largest = after > before ? after : before;
      float factors[2][Vector::kWidth];
      Vector::store(factors[0], exponential_of_negative<Vector>(Batch(before - largest)));
      Vector::store(factors[1], exponential_of_negative<Vector>(Batch(after - largest)));
      const float old = factors[0][0], added = factors[1][0];
      into.largest[to] = largest;
      into.sums[to] = into.sums[to] * old + later.sums[from] * added;
      float* sum = into.out + to * value_size;
      const float* more = later.out + from * value_size;
      for (int d = 0; d < value_size; ++d) sum[d] = sum[d] * old + more[d] * added;
    }
  }
}

/// Every attention entry of the table but pack_kv to f32 and q8_0, which generic's loops do well enough.
template <class Vector>
void fill_attention_from(Table& table) {
  Attention<Vector, KvType::f32>::fill(table);
  Attention<Vector, KvType::f16>::fill(table);
  Attention<Vector, KvType::q8_0>::fill(table);
  table.merge_attention = merge_attention<Vector>;
  table.pack_kv[static_cast<int>(KvType::f16)] = pack_half<Vector>;
}

}  // namespace
}  // namespace brim::kernels
