// See outputs.hpp.
#include "apps/files/outputs.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <system_error>

#include "apps/commands.hpp"

namespace brim::apps {
namespace {

constexpr std::pair<const char*, const char*> kStandardStreams[] = {
    {"standard input", "/dev/stdin"}, {"standard output", "/dev/stdout"}, {"standard error", "/dev/stderr"}};

bool same_file(const std::string& a, const std::string& b) {
  std::error_code ignored;  // a file that does not exist is not an input
  return std::filesystem::equivalent(a, b, ignored);
}

/// The same, also for files that do not exist yet, and through links to them.
bool same_place(const std::string& a, const std::string& b) {
  if (same_file(a, b)) return true;
  const auto place = [](const std::string& path) {
    std::error_code ignored;
    const Result<std::string> name = replaced_name(path);
    return std::filesystem::weakly_canonical(std::filesystem::absolute(name ? *name : path, ignored), ignored);
  };
  const std::filesystem::path first = place(a), second = place(b);
  return !first.empty() && first == second;
}

/// For "PREFIX-00001-of-00003.gguf" the number of parts and the length of PREFIX; else {0, 0}.
std::pair<int, std::size_t> split_name(const std::string& path) {
  constexpr std::string_view kForm = "-00001-of-00003.gguf";
  if (path.size() < kForm.size()) return {0, 0};
  const std::size_t start = path.size() - kForm.size();
  const std::string_view end = std::string_view(path).substr(start);
  int number = 0, count = 0;
  const auto digits = [&](std::size_t at, int& value) {
    const auto [stop, failure] = std::from_chars(end.data() + at, end.data() + at + 5, value);
    return failure == std::errc() && stop == end.data() + at + 5;
  };
  const bool form =
      end[0] == '-' && end.substr(6, 4) == "-of-" && end.ends_with(".gguf") && digits(1, number) && digits(10, count);
  return form && number >= 1 && number <= count ? std::pair(count, start) : std::pair(0, std::size_t{0});
}

}  // namespace

void Outputs::reads(std::string what, const std::string& path) {
  if (!path.empty() && path != "-") inputs_.emplace_back(std::move(what), path);
}

void Outputs::reads_text(std::string what, const std::string& text_or_file) {
  if (text_or_file.starts_with('@')) reads(std::move(what), text_or_file.substr(1));
}

void Outputs::reads_model(const std::string& path) {
  reads("the model being read", path);
  const auto [count, prefix] = split_name(path);
  for (int part = 1; part <= count; ++part) {
    reads("a part of the model being read", fmt::format("{}-{:05}-of-{:05}.gguf", path.substr(0, prefix), part, count));
  }
}

void Outputs::check(const std::string& option, const std::string& path) const {
  for (const auto& [what, input] : inputs_) {
    if (!same_file(input, path)) continue;
    throw Failure(2, fmt::format("{}: {} is {} ({}): name another file to write", option, path, what, input));
  }
  // Where standard input or output is a file, it is read or written all the same.
  for (const auto& [what, stream] : kStandardStreams) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(stream, ignored) || !same_file(stream, path)) continue;
    throw Failure(2, fmt::format("{}: {} is the file of {}: name another file to write", option, path, what));
  }
}

void Outputs::writes(const std::string& option, const std::string& path) {
  if (path.empty()) return;
  check(option, path);
  for (const auto& [other, output] : outputs_) {
    if (!same_place(output, path)) continue;
    throw Failure(2, fmt::format("{} and {} name the same file, {}: name another one", other, option, path));
  }
  check_writable(path);
  outputs_.emplace_back(option, path);
}

void check_writable(const std::string& path) { unwrap(NewFile::create(path, NewFile::Permissions::owner)); }

void check_file_size(const std::string& path, std::uint64_t bytes) {
  const std::uint64_t limit = file_size_limit();
  if (bytes <= limit) return;
  const NewFile file = unwrap(NewFile::create(path, NewFile::Permissions::owner));
  throw Failure(1, file.failure({EFBIG, limit, bytes}).sentence);
}

void unwrap_writing(const Status& written) {
  if (!written && written.error().code != ErrorCode::cancelled) throw Failure(1, written.error().sentence);
  unwrap(written);
}

void write_file(const std::string& path, std::string_view content, NewFile::Permissions permissions) {
  unwrap_writing(write_new_file(path, content, permissions));
}

}  // namespace brim::apps
