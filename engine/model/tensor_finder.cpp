// See tensor_finder.hpp.
#include "engine/model/tensor_finder.hpp"

#include <cstddef>

#include "engine/base/sentence.hpp"
#include "quant/row.hpp"

namespace brim::model {
namespace {

std::string shape_text(std::initializer_list<std::int64_t> shape) {
  std::string text;
  for (const std::int64_t size : shape) text += (text.empty() ? "" : " x ") + std::to_string(size);
  return text;
}

std::string shape_text(const io::Tensor& tensor) {
  std::string text;
  for (int i = 0; i < tensor.dimensions; ++i) text += (i == 0 ? "" : " x ") + std::to_string(tensor.shape[i]);
  return text;
}

}  // namespace

Result<quant::Matrix> TensorFinder::matrix(const std::string& name, std::initializer_list<std::int64_t> shape) const {
  BRIM_ASSIGN(const io::Tensor* tensor, find(name, shape));
  return tensor->matrix();
}

Result<std::vector<float>> TensorFinder::values(const std::string& name,
                                                std::initializer_list<std::int64_t> shape) const {
  BRIM_ASSIGN(const io::Tensor* tensor, find(name, shape));
  BRIM_ASSIGN(const std::vector<std::byte> packed, file_.read(tensor->data));
  const std::int64_t count = tensor->shape[0] * tensor->rows();
  std::vector<float> unpacked(static_cast<std::size_t>(count));
  quant::unpack_row(tensor->format, packed.data(), unpacked.data(), count);
  return unpacked;
}

Result<std::vector<float>> TensorFinder::vector(const std::string& name, std::int64_t size) const {
  return values(name, {size});
}

Result<std::vector<float>> TensorFinder::optional_vector(const std::string& name, std::int64_t size) const {
  if (!has(name)) return std::vector<float>();
  return vector(name, size);
}

Result<Norm> TensorFinder::norm(const std::string& name, std::int64_t size, NormKind kind) const {
  Norm result;
  const bool alone = has(name) && !has(name + ".weight");
  BRIM_ASSIGN(result.weight, vector(alone ? name : name + ".weight", size));
  if (kind == NormKind::layer) {
    BRIM_ASSIGN(result.bias, optional_vector(name + ".bias", size));
  }
  return result;
}

Result<Linear> TensorFinder::linear(const std::string& name, std::int64_t cols, std::int64_t rows) const {
  Linear result;
  BRIM_ASSIGN(result.weight, matrix(name + ".weight", {cols, rows}));
  BRIM_ASSIGN(result.bias, optional_vector(name + ".bias", rows));
  BRIM_ASSIGN(result.scale, optional_scale(name));
  return result;
}

Result<float> TensorFinder::optional_scale(const std::string& name) const {
  if (!has(name + ".scale")) return 1.0f;
  BRIM_ASSIGN(const std::vector<float> one, vector(name + ".scale", 1));
  return one.front();
}

Result<ExpertMatrices> TensorFinder::experts(const std::string& name, std::int64_t cols, std::int64_t rows,
                                             int count) const {
  ExpertMatrices result;
  BRIM_ASSIGN(const quant::Matrix all, matrix(name + ".weight", {cols, rows, count}));
  for (int expert = 0; expert < count; ++expert) result.each.push_back(all.slice(expert * rows, rows));
  if (has(name + ".bias")) {
    BRIM_ASSIGN(result.bias, values(name + ".bias", {rows, count}));
  }
  if (has(name + ".scale")) {
    BRIM_ASSIGN(result.scales, vector(name + ".scale", count));
  }
  return result;
}

Result<const io::Tensor*> TensorFinder::find(const std::string& name, std::initializer_list<std::int64_t> shape) const {
  const io::Tensor* tensor = file_.tensor(prefix_ + name);
  if (tensor == nullptr) {
    return error(ErrorCode::bad_file, file_.path(), ": tensor ", prefix_, name, ": expected one of shape ",
                 shape_text(shape), ", found none");
  }
  std::size_t at = 0;
  bool same = true;
  for (const std::int64_t size : shape) same = same && tensor->shape[at++] == size;
  for (; at < 4; ++at) same = same && tensor->shape[at] == 1;
  if (!same) {
    return error(ErrorCode::bad_file, file_.path(), ": tensor ", prefix_, name, ": expected shape ", shape_text(shape),
                 ", found ", shape_text(*tensor));
  }
  used_[static_cast<std::size_t>(tensor - file_.tensors().data())] = true;
  return tensor;
}

Linear cut(const Linear& fused, std::int64_t first, std::int64_t rows) {
  Linear part;
  part.weight = fused.weight.slice(first, rows);
  part.scale = fused.scale;
  if (!fused.bias.empty()) part.bias.assign(fused.bias.begin() + first, fused.bias.begin() + first + rows);
  return part;
}

}  // namespace brim::model
