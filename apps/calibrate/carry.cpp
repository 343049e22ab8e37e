// See carry.hpp.
#include "apps/calibrate/carry.hpp"

#include <algorithm>

#include "apps/commands.hpp"
#include "apps/files/outputs.hpp"
#include "apps/terminal/interrupts.hpp"
#include "apps/terminal/progress_line.hpp"
#include "engine/io/gguf_writer.hpp"
#include "engine/model/profile_file.hpp"

namespace brim::apps {

namespace {

constexpr std::size_t kPiece = std::size_t{16} << 20;

}  // namespace

std::uint64_t tensor_bytes(const io::Gguf& model) {
  std::uint64_t total = 0;
  for (const io::Tensor& tensor : model.tensors()) total += tensor.data.size();
  return total;
}

void write_carrying(const io::Gguf& model, const Carried& carried, const std::string& path) {
  io::GgufWriter writer;
  for (const io::Gguf::Entry& entry : model.metadata()) {
    if (!entry.key.starts_with("split.")) writer.set(entry.key, entry.value);
  }
  if (carried.profile) writer.set_string(model::kProfileKey, *carried.profile);
  if (carried.scores) model::set_scores(writer, *carried.scores);
  for (const io::Tensor& tensor : model.tensors()) {
    writer.add_tensor(tensor.name, tensor.format, {tensor.shape, static_cast<std::size_t>(tensor.dimensions)});
  }
  const std::uint64_t total = tensor_bytes(model);
  std::uint64_t written = 0;
  unwrap_writing(writer.begin(path));
  ProgressLine line("Copying the model", ProgressLine::Unit::bytes, std::chrono::seconds(1));
  for (const io::Tensor& tensor : model.tensors()) {
    for (std::size_t done = 0; done < tensor.data.size(); done += kPiece) {
      if (interrupted()) throw Stopped();
      const auto piece = tensor.data.subspan(done, std::min(kPiece, tensor.data.size() - done));
      unwrap_writing(writer.write_piece(unwrap(model.read(piece))));
      written += piece.size();
      line.update(static_cast<std::int64_t>(written), static_cast<std::int64_t>(total));
    }
  }
  line.clear();
  unwrap(model.check_unchanged());
  unwrap_writing(writer.finish());
}

}  // namespace brim::apps
