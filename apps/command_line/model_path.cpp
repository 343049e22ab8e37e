// See model_path.hpp.
#include "apps/command_line/model_path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "apps/commands.hpp"
#include "engine/base/quote.hpp"

namespace brim::apps {
namespace {

constexpr std::size_t kShown = 200;  // bytes of a path in a sentence

/// Without quotes: a path at the beginning of a sentence is recognised without them.
std::string shown(const std::string& path) {
  const std::string text = quoted(path, kShown);
  return text.size() >= 2 && text.back() == '\'' ? text.substr(1, text.size() - 2) : text;
}

bool is_address(const std::string& path) {
  return path.find("://") != std::string::npos || path.starts_with("hf.co/") || path.starts_with("huggingface.co/");
}

/// "TheBloke/Llama-2-7B-GGUF", perhaps with ":Q4_K_M": a name in a store of models, and not the path of a file where its
/// directory exists.
bool is_store_name(const std::string& path) {
  const std::size_t slash = path.find('/');
  std::error_code ignored;
  return slash != std::string::npos && slash > 0 && path.find('/', slash + 1) == std::string::npos && path[0] != '.' &&
         path[0] != '~' && !path.ends_with(".gguf") && !std::filesystem::exists(path.substr(0, slash), ignored);
}

/// The first GGUF file of a directory, or "".
std::string model_in(const std::string& directory) {
  std::error_code failure;
  std::vector<std::string> models;
  for (const auto& entry : std::filesystem::directory_iterator(directory, failure)) {
    std::error_code ignored;
    if (entry.path().extension() == ".gguf" && entry.is_regular_file(ignored)) models.push_back(entry.path().string());
  }
  return models.empty() ? std::string() : *std::min_element(models.begin(), models.end());
}

}  // namespace

void check_model_path(const std::string& path) {
  std::error_code failure;
  const std::filesystem::file_status found = std::filesystem::status(path, failure);
  if (failure) {
    const int reason = failure.value();
    if (is_address(path)) {
      throw Failure(2,
                    fmt::format("{} is an address: Brim reads files of this machine; download it first (curl -LO URL) "
                                "and give the file's path",
                                shown(path)));
    }
    const bool a_name = path.find('/') == std::string::npos && path.find(".gguf") == std::string::npos;
    if (reason == ENOENT || reason == ENOTDIR) {
      const char* hint = a_name ? "; Brim has no store of models: give the path of a GGUF file"
                         : is_store_name(path)
                             ? "; Brim downloads no models: fetch a GGUF file of that name (from huggingface.co) and "
                               "give its path"
                             : "";
      throw Failure(2, fmt::format("there is no file {} ({}){}", shown(path), std::strerror(reason), hint));
    }
    throw Failure(2, fmt::format("{} cannot be opened: {}", shown(path), std::strerror(reason)));
  }
  if (!std::filesystem::is_directory(found)) return;
  const std::string example = model_in(path);
  throw Failure(2, fmt::format("{} is a directory, not a model: give the path of a GGUF file{}", shown(path),
                               example.empty() ? "" : fmt::format(" in it, such as {}", shown(example))));
}

}  // namespace brim::apps
