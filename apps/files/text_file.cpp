// See text_file.hpp.
#include "apps/files/text_file.hpp"

#include <fmt/format.h>

#include <cstddef>

#include "apps/commands.hpp"
#include "apps/model_options/model_options.hpp"
#include "engine/text/unicode.hpp"

namespace brim::apps {
namespace {

/// What files begin with that are often taken for texts.
struct Kind {
  std::string_view beginning;
  const char* name;
  const char* advice;
};
constexpr Kind kKinds[] = {
    {"\x1f\x8b", "a gzip file", "unpack it first"},
    {"\x28\xb5\x2f\xfd", "a zstd file", "unpack it first"},
    {"\xfd"
     "7zXZ",
     "an xz file", "unpack it first"},
    {"BZh", "a bzip2 file", "unpack it first"},
    {"PK\x03\x04", "a zip file", "unpack it first"},
    {"GGUF", "a GGUF file", "name a file with text"},
    {"%PDF-", "a PDF file", "extract its text first"},
    {"\xff\xfe", "text in UTF-16", "convert it first"},
    {"\xfe\xff", "text in UTF-16", "convert it first"},
};

/// The offset of the first byte that no text has; the size where there is none.
std::size_t first_wrong_byte(std::string_view content) {
  std::size_t at = 0;
  while (at < content.size()) {
    const auto byte = static_cast<unsigned char>(content[at]);
    if (byte == 0) return at;
    if (byte < 0x80) {
      ++at;
      continue;
    }
    const text::Utf8Unit unit = text::read_utf8(content, at);
    if (unit.kind == text::Utf8Unit::Kind::wrong) return at;
    at += unit.length;
  }
  return content.size();
}

}  // namespace

void check_text(std::string_view content, const std::string& name) {
  const std::size_t at = first_wrong_byte(content);
  if (at == content.size()) return;
  for (const Kind& kind : kKinds) {
    if (!content.starts_with(kind.beginning)) continue;
    throw Failure(2, fmt::format("{}: expected text in UTF-8, found {}: {}", name, kind.name, kind.advice));
  }
  throw Failure(2, fmt::format("{}: expected text in UTF-8, found the byte 0x{:02x} at offset {}", name,
                               static_cast<unsigned>(static_cast<unsigned char>(content[at])), at));
}

std::string read_text(const std::string& path) {
  std::string content = read_file(path);
  check_text(content, path == "-" ? "standard input" : path);
  return content;
}

}  // namespace brim::apps
