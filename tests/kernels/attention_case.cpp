// See attention_case.hpp.
#include "tests/kernels/attention_case.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <new>

#include "kernels/dispatch.hpp"
#include "tests/kernels/rotated.hpp"

namespace brim::test {

GuardedBytes::GuardedBytes(std::size_t size) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t held = (size + page - 1) / page * page;
  mapped_ = held + 2 * page;
  void* mapping = ::mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) throw std::bad_alloc();
  mapping_ = static_cast<std::byte*>(mapping);
  if (held > 0 && ::mprotect(mapping_ + page, held, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
  data_ = mapping_ + page + held - size;
}

GuardedBytes::~GuardedBytes() { ::munmap(mapping_, mapped_); }

AttentionCase::AttentionCase(Random& random, const AttentionShape& made, int pieces)
    : shape(made),
      scale(2.0f / std::sqrt(static_cast<float>(made.key_size))),
      query_stride_(made.group * made.key_size + 3) {
  const kernels::Table generic = kernels::table_for("generic");
  const std::int64_t count = shape.end - shape.first;
  queries_ = random_values(random, shape.tokens * query_stride_);
  std::vector<std::int64_t> cuts = {0, count};
  for (int i = 1; i < pieces; ++i) cuts.push_back(random.bits() % static_cast<std::uint32_t>(count + 1));
  std::sort(cuts.begin(), cuts.end());
  for (std::size_t piece = 0; piece + 1 < cuts.size(); ++piece) {
    const auto entries = static_cast<std::size_t>(cuts[piece + 1] - cuts[piece]);
    const auto pack = [&](kernels::KvType stored, int size, std::vector<float>& kept, std::size_t& stride) {
      const auto type = static_cast<std::size_t>(stored);
      const std::size_t bytes = kernels::kv_vector_bytes(stored, size);
      stride = bytes + random.bits() % 2 * 6;
      memory_.push_back(std::make_unique<GuardedBytes>(entries == 0 ? 0 : stride * (entries - 1) + bytes));
      std::byte* at = memory_.back()->data();
      std::vector<float> unpacked(static_cast<std::size_t>(size));
      for (std::size_t e = 0; e < entries; ++e) {
        std::vector<float> values = random_values(random, size);
        // Some entries have large scores, so that the largest score changes during the call.
        if (random.bits() % 16 == 0) {
          for (float& value : values) value *= 2.5f;
        }
        generic.pack_kv[type](values.data(), size, at + e * stride);
        generic.unpack_kv[type](at + e * stride, size, unpacked.data());
        kept.insert(kept.end(), unpacked.begin(), unpacked.end());
      }
      return at;
    };
    kernels::KvRun run{};
    run.keys = pack(shape.types.key, shape.key_size, keys_, run.key_stride);
    run.values = pack(shape.types.value, shape.value_size, values_, run.value_stride);
    run.count = static_cast<std::int64_t>(entries);
    runs_.push_back(run);
  }
  const auto rotate = [&](const float* vector, std::vector<double>& to) {
    const std::vector<double> there = rotated(shape.types.key, std::vector<float>(vector, vector + shape.key_size));
    to.insert(to.end(), there.begin(), there.end());
  };
  for (std::int64_t row = 0; row < shape.tokens * shape.group; ++row) {
    rotate(queries_.data() + row / shape.group * query_stride_ + row % shape.group * shape.key_size, rotated_queries_);
  }
  for (std::int64_t e = 0; e < count; ++e) rotate(keys_.data() + e * shape.key_size, rotated_keys_);
  for (std::int64_t t = 0; t < shape.tokens; ++t) {
    const std::int64_t end = std::max(shape.first + 1, shape.end - shape.later - shape.tokens + t + 1);
    seen_.push_back({shape.window == 0 ? shape.first : std::max(shape.first, end - shape.window), end});
  }
}

double AttentionCase::score(std::int64_t row, std::int64_t index) const {
  const auto query = static_cast<std::size_t>(row / shape.group * query_stride_ + row % shape.group * shape.key_size);
  double sum = 0;
  for (int d = 0; d < shape.key_size; ++d) {
    sum += static_cast<double>(queries_[query + static_cast<std::size_t>(d)]) *
           static_cast<double>(keys_[place(index, shape.key_size, d)]);
  }
  sum *= static_cast<double>(scale);
  const auto cap = static_cast<double>(shape.soft_cap);
  return cap > 0 ? cap * std::tanh(sum / cap) : sum;
}

double AttentionCase::score_error(std::int64_t row, std::int64_t index) const {
  const auto query = static_cast<std::size_t>(row / shape.group * query_stride_ + row % shape.group * shape.key_size);
  double parts = 0, of_query = 0, of_key = 0;
  for (int d = 0; d < shape.key_size; ++d) {
    const auto q = static_cast<double>(queries_[query + static_cast<std::size_t>(d)]);
    const auto k = static_cast<double>(keys_[place(index, shape.key_size, d)]);
    parts += std::fabs(q * k);
    of_query += q * q;
    of_key += k * k;
  }
  // One rounding for each product's place in the sum, one for the scale, and a few for the result of a soft cap.
  // Rotated vectors have other products, whose magnitudes add up to at most the product of the lengths, and each of the
  // two rotations rounds up to ten times. Sets with integer products also round the rotated query.
  int roundings = shape.key_size + 2;
  double of_integers = 0;
  if (kernels::kv_scaled(shape.types.key)) {
    parts = std::sqrt(of_query * of_key);
    roundings += 20;
    of_integers = rounded_query_error(row, index);
  }
  return (roundings * 0x1p-24 * parts + of_integers) * static_cast<double>(scale) +
         8 * 0x1p-24 * std::fabs(score(row, index));
}

/// Half a step for each value, the step of a block of 32 being its largest value / 32512.
double AttentionCase::rounded_query_error(std::int64_t row, std::int64_t index) const {
  const double* query = rotated_queries_.data() + row * shape.key_size;
  const double* key = rotated_keys_.data() + (index - shape.first) * shape.key_size;
  double error = 0;
  for (int first = 0; first < shape.key_size; first += 32) {
    double largest = 0, keys = 0;
    for (int d = first; d < std::min(first + 32, shape.key_size); ++d) {
      largest = std::max(largest, std::fabs(query[d]));
      keys += std::fabs(key[d]);
    }
    error += 0.51 * largest / 32512 * keys;
  }
  return error;
}

double AttentionCase::value_norm(std::int64_t index) const {
  double squares = 0;
  for (int d = 0; d < shape.value_size; ++d) squares += value(index, d) * value(index, d);
  return std::sqrt(squares);
}

kernels::Attend AttentionCase::call(std::int64_t token, std::int64_t count, std::int64_t first, std::int64_t end,
                                    std::vector<kernels::KvRun>& runs) const {
  std::int64_t index = shape.first;
  for (const kernels::KvRun& whole : runs_) {
    const std::int64_t from = std::max(first, index), to = std::min(end, index + whole.count);
    if (from < to || (from == to && runs.empty())) {
      kernels::KvRun run = whole;
      run.keys += static_cast<std::size_t>(from - index) * run.key_stride;
      run.values += static_cast<std::size_t>(from - index) * run.value_stride;
      run.count = to - from;
      runs.push_back(run);
    }
    index += whole.count;
  }
  kernels::Attend a{};
  a.runs = runs.data();
  a.first = first;
  a.end = end;
  a.key_size = shape.key_size;
  a.value_size = shape.value_size;
  a.queries = queries_.data() + token * query_stride_;
  a.query_stride = query_stride_;
  a.group = shape.group;
  a.tokens = count;
  a.seen = seen_.data() + token;
  a.scale = scale;
  a.soft_cap = shape.soft_cap;
  return a;
}

std::vector<RowState> AttentionCase::attend(const kernels::Table& table, std::int64_t token, std::int64_t count,
                                            std::int64_t first, std::int64_t end) const {
  std::vector<kernels::KvRun> runs;
  kernels::Attend a = call(token, count, first, end, runs);
  // Space for the states of two more heads in between, as in a buffer of all heads.
  const std::int64_t token_stride = shape.group + 2;
  const auto rows = static_cast<std::size_t>(count * token_stride);
  std::vector<float> largest(rows, 777.0f), sums(rows, 777.0f),
      out(rows * static_cast<std::size_t>(shape.value_size), 777.0f);
  const auto scratch_floats = kernels::attention_scratch(count * shape.group, shape.key_size, shape.value_size);
  const GuardedBytes scratch(static_cast<std::size_t>(scratch_floats) * 4);
  std::fill_n(scratch.floats(), scratch_floats, NAN);
  a.state = {largest.data(), sums.data(), out.data(), token_stride};
  a.scratch = scratch.floats();
  table.attend[static_cast<std::size_t>(shape.types.key)][static_cast<std::size_t>(shape.types.value)](a);
  std::vector<RowState> states;
  for (std::int64_t row = 0; row < count * token_stride; ++row) {
    const auto at = static_cast<std::size_t>(row);
    const auto from = out.begin() + row * shape.value_size;
    RowState state{largest[at], sums[at], std::vector<float>(from, from + shape.value_size)};
    if (row % token_stride < shape.group) {
      states.push_back(state);
    } else if (!(state == RowState{777.0f, 777.0f, std::vector<float>(state.out.size(), 777.0f)})) {
      return {};  // written where it should not be
    }
  }
  return states;
}

void AttentionCase::add_attention(const kernels::Table& table, std::int64_t token, std::int64_t count,
                                  const std::vector<RowState>& states, std::vector<float>& accumulated) const {
  std::vector<kernels::KvRun> runs;
  kernels::AccumulatedAttention m{call(token, count, shape.first, shape.end, runs), accumulated.data()};
  std::vector<float> largest, sums;
  for (std::int64_t row = token * shape.group; row < (token + count) * shape.group; ++row) {
    largest.push_back(states[static_cast<std::size_t>(row)].largest);
    sums.push_back(states[static_cast<std::size_t>(row)].sum);
  }
  const auto scratch_floats = kernels::attention_scratch(count * shape.group, shape.key_size, shape.value_size);
  const GuardedBytes scratch(static_cast<std::size_t>(scratch_floats) * 4);
  std::fill_n(scratch.floats(), scratch_floats, NAN);
  m.attend.state = {largest.data(), sums.data(), nullptr, shape.group};
  m.attend.scratch = scratch.floats();
  table.accumulated_attention[static_cast<std::size_t>(shape.types.key)](m);
}

}  // namespace brim::test
