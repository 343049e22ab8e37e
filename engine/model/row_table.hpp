// A table of which a pass needs one row for each token, as large as half of a model's file (Gemma's embeddings for each
// layer): it stays there, and rows are read when they are needed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "engine/base/result.hpp"
#include "engine/io/gguf.hpp"
#include "kernels/table.hpp"
#include "quant/matrix.hpp"

namespace brim::model {

/// Immutable; any number of threads may read from it at once. Keeps the file open.
class RowTable {
 public:
  RowTable() = default;
  /// `tensor` is one of `file`, whose bytes must be alive where it was parsed from memory; of a file on disk, `file` is
  /// not needed later. Errors: io, also when the file has changed since it was opened.
  static Result<RowTable> open(const io::Gguf& file, const io::Tensor& tensor);

  bool empty() const { return matrix_.empty(); }
  std::int64_t cols() const { return matrix_.cols; }
  /// The values of one row. `packed` has room for as many floats as a row has values. Errors: io, also where the file
  /// ends early.
  Status read(const kernels::Table& table, std::int64_t row, float* packed, float* values) const;
  /// Errors: io when the file has changed since the model was loaded: its rows could be another model's.
  Status check_unchanged() const;

 private:
  quant::Matrix matrix_;                    // of a file on disk: its addresses are not used
  std::optional<io::Gguf::Opened> opened_;  // empty: the bytes are in memory
};

}  // namespace brim::model
