// See carry.hpp.
#include "apps/calibrate/carry.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "apps/commands.hpp"
#include "engine/io/gguf_writer.hpp"
#include "engine/model/profile_file.hpp"

namespace brim::apps {

void write_carrying(const io::Gguf& model, const std::string& profile, const std::string& path) {
  for (int part = 0; part < model.parts(); ++part) {
    std::error_code ignored;  // an output that does not exist is no input
    if (std::filesystem::equivalent(model.part_path(part), path, ignored)) {
      throw Failure(2, fmt::format("{} is the model being read: name another file to write", path));
    }
  }
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
    unwrap(writer.write(tensor.data));
    model.release(tensor.data);
  }
  unwrap(writer.finish());
}

}  // namespace brim::apps
