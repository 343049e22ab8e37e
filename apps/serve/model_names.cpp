// See model_names.hpp.
#include "apps/serve/model_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "apps/command_line/model_path.hpp"
#include "apps/commands.hpp"
#include "engine/base/quote.hpp"

namespace brim::apps::serve {
namespace {

constexpr std::size_t kMaxName = 128;

bool is_name(std::string_view text) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/";
  return !text.empty() && text.size() <= kMaxName && text.find_first_not_of(kAlphabet) == std::string_view::npos;
}

NamedFile named_file(const std::string& text) {
  const std::size_t equals = text.find('=');
  std::error_code ignored;
  if (equals == std::string::npos || std::filesystem::exists(text, ignored)) {
    check_model_path(text);
    return {std::filesystem::path(text).stem().string(), text};
  }
  NamedFile named{text.substr(0, equals), text.substr(equals + 1)};
  if (!is_name(named.name)) {
    throw Failure(2, fmt::format("-m {}: expected a name of 1 to {} letters, digits and '-_.:/' before the '='",
                                 quoted(text), kMaxName));
  }
  if (named.path.empty()) throw Failure(2, fmt::format("-m {}: expected a file after the '='", quoted(text)));
  check_model_path(named.path);
  return named;
}

}  // namespace

std::vector<NamedFile> named_files(const std::vector<std::string>& texts) {
  std::vector<NamedFile> files;
  for (const std::string& text : texts) {
    NamedFile file = named_file(text);
    const bool taken =
        std::any_of(files.begin(), files.end(), [&](const NamedFile& other) { return other.name == file.name; });
    if (taken) {
      throw Failure(
          2, fmt::format("two models are named {}: give one of them another name, -m NAME=FILE", quoted(file.name)));
    }
    files.push_back(std::move(file));
  }
  return files;
}

std::string names_of(const std::vector<NamedFile>& files) {
  std::string names;
  for (const NamedFile& file : files) names += (names.empty() ? "'" : ", '") + file.name + "'";
  return names;
}

}  // namespace brim::apps::serve
