// See stream_store.hpp.
#include "engine/kv/stream_store.hpp"

#include <algorithm>
#include <cstring>

namespace brim::kv {

StreamStore::StreamStore(const StreamShape& shape, const StreamRun& run)
    : run_(run),
      heads_(shape.kv_heads),
      key_bytes_(kv::key_bytes(shape)),
      value_bytes_(kv::value_bytes(shape)),
      block_box_bytes_(static_cast<std::int64_t>(kernels::kv_vector_bytes(kernels::KvType::f16, 2 * shape.key_size))) {}

std::int64_t StreamStore::bytes_used() const {
  if (used_ == 0) return 0;
  // The ring may begin inside a granule; when it is (nearly) full, its end lies in the granule where it begins.
  const std::int64_t spanned = (start_ % kGranuleEntries + used_ + kGranuleEntries - 1) / kGranuleEntries;
  const std::int64_t granules = std::min(spanned, run_.slots / kGranuleEntries);
  return granules * kGranuleEntries * heads_ * (key_bytes_ + value_bytes_) + used_ * run_.slot_metadata_bytes;
}

template <class Array>
void StreamStore::for_arrays(Array array) const {
  array(run_.positions);
  array(run_.index);
  if (run_.accumulated) array(run_.accumulated);
  if (run_.measure) array(run_.measure);
  if (run_.repacked) array(run_.repacked);
}

std::int64_t StreamStore::run_length(std::int64_t entry, std::int64_t end) const {
  const std::int64_t slot = (start_ + entry) % run_.slots;
  return std::min(end - entry, run_.slots - slot);
}

void StreamStore::append(const Staging& staging, std::int64_t token, std::int64_t position, std::int64_t index,
                         float accumulated, float measure) noexcept {
  const std::int64_t entry = used_++;
  for (int head = 0; head < heads_; ++head) {
    std::memcpy(key(head, entry), staging.key(head, token), key_bytes());
    std::memcpy(value(head, entry), staging.value(head, token), value_bytes());
  }
  run_.positions[entry] = position;
  run_.index[entry] = index;
  if (run_.accumulated) run_.accumulated[entry] = accumulated;
  if (run_.measure) run_.measure[entry] = measure;
  if (run_.repacked) run_.repacked[entry] = 0;
}

void StreamStore::drop_oldest(std::int64_t count) noexcept {
  if (count == 0) return;
  start_ = (start_ + count) % run_.slots;
  used_ -= count;
  for_arrays([&](auto* array) { std::copy(array + count, array + count + used_, array); });
}

void StreamStore::move(std::int64_t from, std::int64_t to) noexcept {
  for (int head = 0; head < heads_; ++head) {
    std::memcpy(key(head, to), key(head, from), key_bytes());
    std::memcpy(value(head, to), value(head, from), value_bytes());
  }
}

void StreamStore::keep(std::span<const std::uint32_t> order) noexcept {
  const std::int64_t kept = static_cast<std::int64_t>(order.size());
  const std::int64_t dropped = used_ - kept;
  if (dropped == 0) return;
  // Kept entries that would have to move when the gaps are closed towards the oldest, or towards the newest. A kept
  // entry with nothing evicted before it (after it) keeps its slot.
  const auto first_gap = std::find_if(order.begin(), order.end(), [&](const std::uint32_t& entry) {
    return entry != static_cast<std::uint32_t>(&entry - order.data());
  });
  const auto last_gap = std::find_if(order.rbegin(), order.rend(), [&](const std::uint32_t& entry) {
    return entry != static_cast<std::uint32_t>(&entry - order.data() + dropped);
  });
  const std::int64_t to_oldest = order.end() - first_gap;
  const std::int64_t to_newest = order.rend() - last_gap;
  if (to_oldest <= to_newest) {
    for (std::int64_t i = kept - to_oldest; i < kept; ++i) move(order[static_cast<std::size_t>(i)], i);
  } else {
    for (std::int64_t i = to_newest - 1; i >= 0; --i) move(order[static_cast<std::size_t>(i)], i + dropped);
    start_ = (start_ + dropped) % run_.slots;
  }
  for_arrays([&](auto* array) {
    for (std::int64_t i = 0; i < kept; ++i) array[i] = array[order[static_cast<std::size_t>(i)]];
  });
  used_ = kept;
}

StreamStore::Piece StreamStore::piece(int number) const noexcept {
  const auto entries = static_cast<std::size_t>(used_);
  if (number < heads_) return {run_.keys + number * run_.slots * key_bytes_, entries * key_bytes()};
  number -= heads_;
  if (number < heads_) return {run_.values + number * run_.slots * value_bytes_, entries * value_bytes()};
  number -= heads_;
  if (number > 5) {
    return {run_.block_boxes ? block_box(number - 6, 0) : nullptr, run_.block_boxes ? blocks_ * block_box_bytes() : 0};
  }
  switch (number) {
    case 0:
      return {reinterpret_cast<std::byte*>(run_.positions), entries * sizeof *run_.positions};
    case 1:
      return {reinterpret_cast<std::byte*>(run_.index), entries * sizeof *run_.index};
    case 2:
      return {reinterpret_cast<std::byte*>(run_.accumulated),
              run_.accumulated ? entries * sizeof *run_.accumulated : 0};
    case 3:
      return {reinterpret_cast<std::byte*>(run_.measure), run_.measure ? entries * sizeof *run_.measure : 0};
    case 4:
      return {reinterpret_cast<std::byte*>(run_.repacked), run_.repacked ? entries : 0};
    default:
      return {reinterpret_cast<std::byte*>(run_.blocks), blocks_ * sizeof *run_.blocks};
  }
}

void StreamStore::copy(const StreamStore& other) noexcept {
  resume(0, other.used_, 0);
  for (int head = 0; head < heads_; ++head) {
    for (std::int64_t entry = 0, next = 0; entry < used_; entry = next) {
      next = entry + other.run_length(entry, used_);
      const auto count = static_cast<std::size_t>(next - entry);
      std::memcpy(key(head, entry), other.key(head, entry), count * key_bytes());
      std::memcpy(value(head, entry), other.value(head, entry), count * value_bytes());
    }
  }
  for (int number = 2 * heads_; number < 2 * heads_ + 5; ++number) {  // the arrays of metadata
    const Piece to = piece(number);
    if (to.bytes > 0) std::memcpy(to.at, other.piece(number).at, to.bytes);
  }
}

void StreamStore::unroll() noexcept {
  if (start_ == 0) return;
  for (int head = 0; head < heads_; ++head) {
    std::byte* keys = run_.keys + head * run_.slots * key_bytes_;
    std::rotate(keys, keys + start_ * key_bytes_, keys + run_.slots * key_bytes_);
    std::byte* values = run_.values + head * run_.slots * value_bytes_;
    std::rotate(values, values + start_ * value_bytes_, values + run_.slots * value_bytes_);
  }
  start_ = 0;
}

}  // namespace brim::kv
