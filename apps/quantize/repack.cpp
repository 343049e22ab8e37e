// See repack.hpp. Rows have no padding between them, so a tensor is one long run of blocks, and it may be cut at any
// multiple of the longest block.
#include "apps/quantize/repack.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "apps/loops/parallel_for.hpp"
#include "quant/row.hpp"

namespace brim::apps {
namespace {

constexpr std::size_t kChunkValues = 64 * 1024;  // a multiple of every block length
constexpr std::size_t kChunksPerThread = 8;  // per batch: enough that a late thread does not keep the others waiting
constexpr std::size_t kCopyBytes = 16 << 20;

}  // namespace

Repacker::Repacker(int threads) : threads_(std::max(1, threads)) {
  values_.resize(static_cast<std::size_t>(threads_) * kChunkValues);
  odd_.resize(static_cast<std::size_t>(threads_));
}

Status Repacker::repack(const io::Gguf& model, const io::Tensor& tensor, quant::Format format, io::GgufWriter& writer,
                        const std::function<bool(std::size_t bytes)>& advance) {
  const auto read = [&](std::size_t at, std::size_t size) -> Status {
    read_.resize(size);
    if (const ReadFault fault = model.try_read(tensor.data.subspan(at, size), read_.data())) return fault.error();
    return {};
  };
  const auto stop = [&] { return error(ErrorCode::cancelled, "stopped while writing ", tensor.name); };
  if (format == tensor.format) {
    for (std::size_t done = 0; done < tensor.data.size(); done += kCopyBytes) {
      if (!advance(done)) return stop();
      BRIM_TRY(read(done, std::min(kCopyBytes, tensor.data.size() - done)));
      BRIM_TRY(writer.write_piece(read_));
    }
    return {};
  }

  const std::size_t total = static_cast<std::size_t>(tensor.rows()) * static_cast<std::size_t>(tensor.shape[0]);
  const std::size_t source_chunk = quant::row_bytes(tensor.format, kChunkValues);
  const std::size_t target_chunk = quant::row_bytes(format, kChunkValues);
  const std::size_t batch_values = static_cast<std::size_t>(threads_) * kChunksPerThread * kChunkValues;
  packed_.resize(batch_values / kChunkValues * target_chunk);
  for (std::size_t first = 0; first < total; first += batch_values) {
    if (!advance(quant::row_bytes(tensor.format, static_cast<std::int64_t>(first)))) return stop();
    const std::size_t count = std::min(batch_values, total - first);
    BRIM_TRY(read(quant::row_bytes(tensor.format, static_cast<std::int64_t>(first)),
                  quant::row_bytes(tensor.format, static_cast<std::int64_t>(count))));
    const std::byte* source = read_.data();
    const std::size_t chunks = (count + kChunkValues - 1) / kChunkValues;
    parallel_for(threads_, static_cast<std::int64_t>(chunks), [&](std::int64_t chunk, int worker) {
      const auto index = static_cast<std::size_t>(chunk), thread = static_cast<std::size_t>(worker);
      const auto length = static_cast<std::int64_t>(std::min(kChunkValues, count - index * kChunkValues));
      float* values = values_.data() + thread * kChunkValues;
      quant::unpack_row(tensor.format, source + index * source_chunk, values, length);
      odd_[thread] += static_cast<std::uint64_t>(
          std::count_if(values, values + length, [](float value) { return !std::isfinite(value); }));
      quant::pack_row(format, values, packed_.data() + index * target_chunk, length);
    });
    BRIM_TRY(writer.write_piece({packed_.data(), quant::row_bytes(format, static_cast<std::int64_t>(count))}));
  }
  for (std::uint64_t& odd : odd_) not_finite_ += std::exchange(odd, 0);
  return {};
}

}  // namespace brim::apps
