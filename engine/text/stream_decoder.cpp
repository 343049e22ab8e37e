// See stream_decoder.hpp.
#include "engine/text/stream_decoder.hpp"

#include <algorithm>
#include <array>

#include "engine/text/unicode.hpp"

namespace brim::text {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

}  // namespace

void StreamDecoder::push(std::string_view bytes, std::string& out) {
  const auto append = [&out](const Utf8Unit& unit, std::string_view character) {
    if (unit.kind == Utf8Unit::Kind::character) {
      out.append(character.substr(0, unit.length));
    } else {
      out += kReplacement;
    }
  };
  // The character that began in an earlier piece, with as much of this one as it can need.
  while (!held_.empty()) {
    std::array<char, 8> joined{};
    const std::size_t more = std::min(bytes.size(), joined.size() - held_.size());
    std::copy_n(held_.data(), held_.size(), joined.data());
    std::copy_n(bytes.data(), more, joined.data() + held_.size());
    const std::string_view begun(joined.data(), held_.size() + more);
    const Utf8Unit unit = read_utf8(begun, 0);
    if (unit.kind == Utf8Unit::Kind::incomplete) {
      held_.assign(begun);
      return;
    }
    append(unit, begun);
    if (unit.length < held_.size()) {
      held_.erase(0, unit.length);
    } else {
      bytes.remove_prefix(unit.length - held_.size());
      held_.clear();
    }
  }
  for (std::size_t offset = 0; offset < bytes.size();) {
    const Utf8Unit unit = read_utf8(bytes, offset);
    if (unit.kind == Utf8Unit::Kind::incomplete) {
      held_.assign(bytes.substr(offset));
      return;
    }
    append(unit, bytes.substr(offset));
    offset += unit.length;
  }
}

void StreamDecoder::flush(std::string& out) {
  if (!held_.empty()) out += kReplacement;
  held_.clear();
}

}  // namespace brim::text
