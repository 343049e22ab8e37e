// See stream_decoder.hpp.
#include "engine/text/stream_decoder.hpp"

#include "engine/text/unicode.hpp"

namespace brim::text {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

}  // namespace

void StreamDecoder::push(std::string_view bytes, std::string& out) {
  held_ += bytes;
  std::size_t offset = 0;
  while (offset < held_.size()) {
    const Utf8Unit unit = read_utf8(held_, offset);
    if (unit.kind == Utf8Unit::Kind::incomplete) break;
    if (unit.kind == Utf8Unit::Kind::character) {
      out.append(held_, offset, unit.length);
    } else {
      out += kReplacement;
    }
    offset += unit.length;
  }
  held_.erase(0, offset);
}

void StreamDecoder::flush(std::string& out) {
  if (!held_.empty()) out += kReplacement;
  held_.clear();
}

}  // namespace brim::text
