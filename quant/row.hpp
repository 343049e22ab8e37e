// Packing and unpacking one row of values by format. The unpack() in a format's quant/formats/ file defines what its
// bytes mean; this is the switch over the list.
#pragma once

#include <cstddef>
#include <cstdint>

#include "quant/format.hpp"

namespace brim::quant {

/// Writes `count` floats from packed bytes; `count` must be a multiple of the format's block length. Exact: equal to
/// ggml's to_float bit for bit. Reads row_bytes(format, count) bytes, needs no alignment. Thread-safe.
void unpack_row(Format format, const std::byte* packed, float* values, std::int64_t count) noexcept;

/// Whether pack_row knows this format: F32, F16, BF16, MXFP4, and all from Q2_K and Q4_0 to Q8_0.
bool can_pack(Format format) noexcept;

/// Packs `count` floats; same preconditions as unpack_row, and can_pack(format). Not-finite values pack as 0.
void pack_row(Format format, const float* values, std::byte* packed, std::int64_t count) noexcept;

}  // namespace brim::quant
