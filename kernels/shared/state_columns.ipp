// The columns of a head's state, a few vectors of them at a time, so that what is worked on stays in the first-level
// cache: for recurrences (recurrence.ipp) and their blocks (recurrence_blocks.ipp).
#pragma once

#include "kernels/recurrence.hpp"
#include "kernels/shared/elementwise.ipp"

namespace brim::kernels {
namespace {

template <class Vector>
struct StateColumns {
  using Batch = typename Vector::Batch;
  static constexpr int kWidth = Vector::kWidth;
  /// Panels of kStateColumns columns that are worked on together: as many sums as hide the latency of one.
  static constexpr int kPanels = kWidth == 16 ? 4 : kWidth == 8 ? 2 : 1;

  static void store_rest(float* to, Batch value, std::int64_t left) {
    float padded[kWidth];
    Vector::store(padded, value);
    for (std::int64_t j = 0; j < left; ++j) to[j] = padded[j];
  }

  /// kVectors vectors of neighbouring columns, from `column` on. With kRest only the first `left` values of a vector
  /// exist; the others are loaded as zeros and not stored.
  template <int kCount, bool kRest>
  struct Group {
    static constexpr int kVectors = kCount;
    float* first[kCount];  ///< where the state's row 0 of each vector lies
    std::int64_t stride;   ///< from one row to the next
    int column;
    int left;

    /// Where a row of the state has its v-th vector.
    float* row(int v, std::int64_t number) const { return first[v] + number * stride; }
    Batch load(const float* from) const {
      if constexpr (kRest) return load_rest<Vector>(from, left, 0.0f);
      return Vector::load(from);
    }
    void store(float* to, Batch value) const {
      if constexpr (kRest) return store_rest(to, value, left);
      Vector::store(to, value);
    }
  };

  /// Calls work(group) for groups that together are all columns.
  template <class Work>
  static void each(const Recurrence& r, const Work& work) noexcept {
    constexpr int kEach = kStateColumns / kWidth;
    int column = 0;
    for (; column + kPanels * kStateColumns <= r.value_size; column += kPanels * kStateColumns) {
      work(full<kPanels * kEach>(r, column));
    }
    for (; column + kStateColumns <= r.value_size; column += kStateColumns) work(full<kEach>(r, column));
    const int width = r.value_size - column;
    float* panel = r.state + std::int64_t{column} * r.key_size;
    for (int at = 0; at < width; at += kWidth) {
      const int left = width - at < kWidth ? width - at : kWidth;
      work(Group<1, true>{{panel + at}, width, column + at, left});
    }
  }

 private:
  template <int kVectors>
  static Group<kVectors, false> full(const Recurrence& r, int column) noexcept {
    Group<kVectors, false> group{{}, kStateColumns, column, kWidth};
    for (int v = 0; v < kVectors; ++v) {
      group.first[v] = r.state + state_index(r.key_size, r.value_size, 0, column + v * kWidth);
    }
    return group;
  }
};

}  // namespace
}  // namespace brim::kernels
