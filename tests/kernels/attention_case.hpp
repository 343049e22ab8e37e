// One attention call with all its data: entries packed in several runs between guard pages, random queries, and the
// same sums in doubles.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/table.hpp"
#include "tests/kernels/packed_rows.hpp"

namespace brim::test {

/// `size` bytes that end at the end of mapped memory: one byte more faults. At `offset` from a 64-byte boundary where
/// possible.
class GuardedBytes {
 public:
  explicit GuardedBytes(std::size_t size);
  ~GuardedBytes();
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;
  std::byte* data() const { return data_; }
  float* floats() const { return reinterpret_cast<float*>(data_); }

 private:
  std::byte* mapping_;
  std::size_t mapped_;
  std::byte* data_;
};

struct AttentionShape {
  kernels::KvTypes types;
  int key_size = 64;
  int value_size = 64;
  int group = 1;
  std::int64_t tokens = 1;
  std::int64_t first = 0;  ///< entries [first, end)
  std::int64_t end = 1;
  std::int64_t window = 0;  ///< how many entries a token sees; 0: all before it
  std::int64_t later = 0;   ///< entries of [first, end) that come after the last token's own
  float soft_cap = 0;
};

/// A row's state.
struct RowState {
  float largest = 0;
  float sum = 0;
  std::vector<float> out;
  bool operator==(const RowState&) const = default;
};

class AttentionCase {
 public:
  /// `pieces`: the number of runs into which the entries are cut, at random places, with random gaps between vectors.
  AttentionCase(Random& random, const AttentionShape& shape, int pieces);

  /// The call for tokens [token, token + count) over entries [first, end) of the case.
  std::vector<RowState> attend(const kernels::Table& table, std::int64_t token, std::int64_t count, std::int64_t first,
                               std::int64_t end) const;
  std::vector<RowState> attend(const kernels::Table& table) const {
    return attend(table, 0, shape.tokens, shape.first, shape.end);
  }
  /// Adds the accumulated attention of tokens [token, token + count) with these final states.
  void add_attention(const kernels::Table& table, std::int64_t token, std::int64_t count,
                     const std::vector<RowState>& states, std::vector<float>& accumulated) const;

  kernels::Seen seen(std::int64_t token) const { return seen_[static_cast<std::size_t>(token)]; }
  /// The exact score of a row (token · group + head) and an entry's index, and a bound of the error of floats.
  double score(std::int64_t row, std::int64_t index) const;
  double score_error(std::int64_t row, std::int64_t index) const;
  double value(std::int64_t index, int d) const { return values_[place(index, shape.value_size, d)]; }
  /// The length of an entry's value.
  double value_norm(std::int64_t index) const;

  const AttentionShape shape;
  const float scale;

 private:
  double rounded_query_error(std::int64_t row, std::int64_t index) const;
  std::size_t place(std::int64_t index, int size, int d) const {
    return static_cast<std::size_t>((index - shape.first) * size + d);
  }
  kernels::Attend call(std::int64_t token, std::int64_t count, std::int64_t first, std::int64_t end,
                       std::vector<kernels::KvRun>& runs) const;

  std::vector<std::unique_ptr<GuardedBytes>> memory_;
  std::vector<kernels::KvRun> runs_;
  std::vector<float> queries_, keys_, values_;
  std::vector<double> rotated_queries_, rotated_keys_;  ///< as keys are stored, rows and entries one after another
  std::vector<kernels::Seen> seen_;
  std::int64_t query_stride_;
};

}  // namespace brim::test
