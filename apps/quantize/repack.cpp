// See repack.hpp. Rows have no padding between them, so a tensor is one long run of blocks, and it may be cut at any
// multiple of the longest block.
#include "apps/quantize/repack.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "apps/loops/parallel_for.hpp"
#include "engine/base/quote.hpp"
#include "quant/row.hpp"

namespace brim::apps {
namespace {

constexpr std::size_t kChunkValues = 64 * 1024;  // a multiple of every block length
constexpr std::size_t kChunksPerThread = 8;  // per batch: enough that a late thread does not keep the others waiting

std::uint64_t count_not_finite(const float* values, std::int64_t count) {
  return static_cast<std::uint64_t>(
      std::count_if(values, values + count, [](float value) { return !std::isfinite(value); }));
}

}  // namespace

Repacker::Repacker(int threads) : threads_(std::max(1, threads)) {
  values_.resize(static_cast<std::size_t>(threads_) * kChunkValues);
  odd_.resize(static_cast<std::size_t>(threads_));
}

Status Repacker::repack(const io::Gguf& model, const io::Tensor& tensor, quant::Format format, io::GgufWriter& writer,
                        const std::function<bool(std::size_t bytes)>& advance) {
  const std::size_t total = static_cast<std::size_t>(tensor.rows()) * static_cast<std::size_t>(tensor.shape[0]);
  const bool copied = format == tensor.format;
  const std::size_t source_chunk = quant::row_bytes(tensor.format, kChunkValues);
  const std::size_t target_chunk = copied ? 0 : quant::row_bytes(format, kChunkValues);
  const std::size_t batch_values = static_cast<std::size_t>(threads_) * kChunksPerThread * kChunkValues;
  packed_.resize(batch_values / kChunkValues * target_chunk);
  for (std::size_t first = 0; first < total; first += batch_values) {
    const std::size_t at = quant::row_bytes(tensor.format, static_cast<std::int64_t>(first));
    if (!advance(at)) return error(ErrorCode::cancelled, "stopped while writing ", tensor.name);
    const std::size_t count = std::min(batch_values, total - first);
    read_.resize(quant::row_bytes(tensor.format, static_cast<std::int64_t>(count)));
    if (const ReadFault fault = model.try_read(tensor.data.subspan(at, read_.size()), read_.data()))
      return fault.error();
    const std::size_t chunks = (count + kChunkValues - 1) / kChunkValues;
    parallel_for(threads_, static_cast<std::int64_t>(chunks), [&](std::int64_t chunk, int worker) {
      const auto index = static_cast<std::size_t>(chunk), thread = static_cast<std::size_t>(worker);
      const auto length = static_cast<std::int64_t>(std::min(kChunkValues, count - index * kChunkValues));
      float* values = values_.data() + thread * kChunkValues;
      quant::unpack_row(tensor.format, read_.data() + index * source_chunk, values, length);
      odd_[thread] += count_not_finite(values, length);
      if (!copied) quant::pack_row(format, values, packed_.data() + index * target_chunk, length);
    });
    const std::byte* const out = copied ? read_.data() : packed_.data();
    BRIM_TRY(writer.write_piece({out, quant::row_bytes(format, static_cast<std::int64_t>(count))}));
  }
  std::uint64_t not_finite = 0;
  for (std::uint64_t& odd : odd_) not_finite += std::exchange(odd, 0);
  if (not_finite == 0) return {};
  return error(ErrorCode::bad_file, model.path(), ": tensor ", quoted(tensor.name), " has ", not_finite,
               not_finite == 1 ? " weight that is not a finite number" : " weights that are not finite numbers",
               ": the file is damaged, download or convert it again");
}

}  // namespace brim::apps
