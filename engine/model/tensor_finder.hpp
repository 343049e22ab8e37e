// Looks up a model's tensors by name and checks their shapes, so that the code that computes with them need not check.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/io/gguf.hpp"
#include "engine/model/weights.hpp"

namespace brim::model {

/// Shapes are given in GGUF order (row length first). Errors of all: bad_file naming file, tensor, expected and found shape, also
/// where there is no such tensor; io. Borrows what it is given.
class TensorFinder {
 public:
  /// Names are looked up behind `prefix`. `used` has a flag for each tensor of the file and is set for those that were found.
  TensorFinder(const io::Gguf& file, std::string prefix, std::vector<bool>& used)
      : file_(file), prefix_(std::move(prefix)), used_(used) {}

  bool has(const std::string& name) const { return file_.tensor(prefix_ + name) != nullptr; }
  Result<quant::Matrix> matrix(const std::string& name, std::initializer_list<std::int64_t> shape) const;
  Result<std::vector<float>> vector(const std::string& name, std::int64_t size) const;
  /// The unpacked values of a tensor of any shape, in the file's order.
  Result<std::vector<float>> values(const std::string& name, std::initializer_list<std::int64_t> shape) const;
  /// An empty vector where the file has no such tensor.
  Result<std::vector<float>> optional_vector(const std::string& name, std::int64_t size) const;
  /// NAME.weight, or NAME alone, as files of Falcon-H1 have it; and, for norms of the layer kind, NAME.bias where there
  /// is one.
  Result<Norm> norm(const std::string& name, std::int64_t size, NormKind kind) const;
  /// What NAME.scale holds, which multiplies products of NAME.weight (of NVFP4); 1 where there is none.
  Result<float> optional_scale(const std::string& name) const;
  /// NAME.weight, and NAME.bias and NAME.scale where there are any.
  Result<Linear> linear(const std::string& name, std::int64_t cols, std::int64_t rows) const;
  /// NAME.weight, `count` matrices one after another, and, where there are any, NAME.bias, a row for each, and
  /// NAME.scale, a number for each.
  Result<ExpertMatrices> experts(const std::string& name, std::int64_t cols, std::int64_t rows, int count) const;

 private:
  Result<const io::Tensor*> find(const std::string& name, std::initializer_list<std::int64_t> shape) const;

  const io::Gguf& file_;
  std::string prefix_;
  std::vector<bool>& used_;
};

/// Rows [first, first + rows) of a projection that several are fused in.
Linear cut(const Linear& fused, std::int64_t first, std::int64_t rows);

}  // namespace brim::model
