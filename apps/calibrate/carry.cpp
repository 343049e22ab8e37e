// See carry.hpp.
#include "apps/calibrate/carry.hpp"

#include <algorithm>

#include "apps/commands.hpp"
#include "engine/io/gguf_writer.hpp"
#include "engine/model/profile_file.hpp"

namespace brim::apps {

namespace {

constexpr std::size_t kPiece = std::size_t{16} << 20;

}  // namespace

void write_carrying(const io::Gguf& model, const std::string& profile, const std::string& path) {
  io::GgufWriter writer;
  for (const io::Gguf::Entry& entry : model.metadata()) {
    if (!entry.key.starts_with("split.")) writer.set(entry.key, entry.value);
  }
  writer.set_string(model::kProfileKey, profile);
  for (const io::Tensor& tensor : model.tensors()) {
    writer.add_tensor(tensor.name, tensor.format, {tensor.shape, static_cast<std::size_t>(tensor.dimensions)});
  }
  unwrap(writer.begin(path));
  for (const io::Tensor& tensor : model.tensors()) {
    for (std::size_t done = 0; done < tensor.data.size(); done += kPiece) {
      const auto piece = tensor.data.subspan(done, std::min(kPiece, tensor.data.size() - done));
      unwrap(writer.write_piece(unwrap(model.read(piece))));
    }
  }
  unwrap(model.check_unchanged());
  unwrap(writer.finish());
}

}  // namespace brim::apps
