// Two numbers that must not be confused: a layer of the model, and a stream of entries in the memory. They are the same
// where all heads of a layer keep the same entries, and differ where each head keeps its own (heads.hpp).
#pragma once

#include <cstddef>
#include <cstdint>

namespace brim::kv {

/// A layer of the model, counted from 0.
enum class LayerId : std::int32_t {};
/// A stream of KV entries with its own quota, counted from 0.
enum class StreamId : std::int32_t {};

constexpr std::size_t index_of(LayerId layer) noexcept { return static_cast<std::size_t>(layer); }
constexpr std::size_t index_of(StreamId stream) noexcept { return static_cast<std::size_t>(stream); }
template <class Id>
constexpr Id id_at(std::size_t index) noexcept {
  return static_cast<Id>(static_cast<std::int32_t>(index));
}

/// The ids from `first` up to `end`: for (const LayerId layer : ids_up_to<LayerId>(count)).
template <class Id>
class IdRange {
 public:
  struct Iterator {
    std::int32_t at;
    constexpr Id operator*() const noexcept { return static_cast<Id>(at); }
    constexpr Iterator& operator++() noexcept {
      ++at;
      return *this;
    }
    constexpr bool operator==(const Iterator&) const noexcept = default;
  };
  constexpr IdRange(Id first, std::size_t count) noexcept
      : first_(static_cast<std::int32_t>(first)), end_(first_ + static_cast<std::int32_t>(count)) {}
  constexpr Iterator begin() const noexcept { return {first_}; }
  constexpr Iterator end() const noexcept { return {end_}; }
  constexpr std::size_t size() const noexcept { return static_cast<std::size_t>(end_ - first_); }
  constexpr Id front() const noexcept { return static_cast<Id>(first_); }

 private:
  std::int32_t first_, end_;
};
template <class Id>
constexpr IdRange<Id> ids_up_to(std::size_t count) noexcept {
  return {Id{0}, count};
}

}  // namespace brim::kv
