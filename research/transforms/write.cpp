// See write.hpp.
#include "research/transforms/write.hpp"

#include <cstddef>

#include "engine/io/gguf_writer.hpp"

namespace brim::research {

Status write_transformed(const io::Gguf& model, std::span<const Transform> transforms, const std::string& path) {
  BRIM_ASSIGN(const model::Config config, model::read_config(model));
  for (const Transform& transform : transforms) BRIM_TRY(check_transform(model, config, transform));
  io::GgufWriter writer;
  for (const io::Gguf::Entry& entry : model.metadata()) {
    if (!entry.key.starts_with("brim.") && !entry.key.starts_with("split.")) writer.set(entry.key, entry.value);
  }
  writer.set_u32("general.file_type", 0);  // all F32
  for (const io::Tensor& tensor : model.tensors()) {
    writer.add_tensor(tensor.name, quant::Format::f32, {tensor.shape, static_cast<std::size_t>(tensor.dimensions)});
  }
  BRIM_TRY(writer.begin(path));
  for (const io::Tensor& tensor : model.tensors()) {
    BRIM_ASSIGN(Matrix matrix, unpacked(model, tensor));
    for (const Transform& transform : transforms) apply_transform(config, transform, tensor.name, matrix);
    BRIM_TRY(writer.write(std::as_bytes(std::span(matrix.values))));
  }
  BRIM_TRY(model.check_unchanged());
  return writer.finish();
}

}  // namespace brim::research
