// Converting one tensor from the format it has to another and writing it, piece by piece on all threads: memory use
// does not grow with the tensor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/io/gguf.hpp"
#include "engine/io/gguf_writer.hpp"

namespace brim::apps {

class Repacker {
 public:
  explicit Repacker(int threads);

  /// Reads all of the model's `tensor` and writes it as the writer's next tensor, in `format`. The format must be one
  /// that can be packed, unless it is the tensor's own format: then the bytes are copied. `advance` is called with the
  /// number of bytes of this tensor that were read so far; returning false ends the work with ErrorCode::cancelled.
  /// Errors: bad_file for weights that are not finite, which would be packed as 0 and look sound; those of reading and
  /// writing.
  Status repack(const io::Gguf& model, const io::Tensor& tensor, quant::Format format, io::GgufWriter& writer,
                const std::function<bool(std::size_t bytes)>& advance);

 private:
  int threads_;
  std::vector<float> values_;       // one chunk per thread
  std::vector<std::byte> read_;     // one batch of the file
  std::vector<std::byte> packed_;   // one batch of chunks
  std::vector<std::uint64_t> odd_;  // per thread: values of this tensor that are not finite
};

}  // namespace brim::apps
