// Any bytes as packed blocks and any bytes as floats, for every format: unpacking and packing must stay inside their
// memory and have no undefined behaviour, and packed values must unpack to finite values.
// Input: one byte that chooses the format, then the bytes.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "quant/row.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace brim::quant;
  if (size == 0) return 0;
  const auto format = static_cast<Format>(data[0] % kFormatCount);
  ++data;
  --size;
  const auto length = static_cast<std::size_t>(info(format).block_length);
  const auto block_bytes = static_cast<std::size_t>(info(format).block_bytes);

  std::vector<std::byte> packed(size / block_bytes * block_bytes);
  if (!packed.empty()) std::memcpy(packed.data(), data, packed.size());
  std::vector<float> values(packed.size() / block_bytes * length);
  unpack_row(format, packed.data(), values.data(), static_cast<std::int64_t>(values.size()));
  if (!can_pack(format)) return 0;
  pack_row(format, values.data(), packed.data(), static_cast<std::int64_t>(values.size()));

  values.resize(size / sizeof(float) / length * length);
  if (values.empty()) return 0;
  std::memcpy(values.data(), data, values.size() * sizeof(float));
  packed.resize(row_bytes(format, static_cast<std::int64_t>(values.size())));
  pack_row(format, values.data(), packed.data(), static_cast<std::int64_t>(values.size()));
  unpack_row(format, packed.data(), values.data(), static_cast<std::int64_t>(values.size()));
  for (const float value : values) {
    if (!std::isfinite(value)) std::abort();
  }
  return 0;
}
