// Values as JSON: json.dumps as `tojson` calls it.
#pragma once

#include <string>

#include "engine/template/jinja/value.hpp"

namespace brim::templates::jinja {

struct JsonStyle {
  bool ensure_ascii = false;
  bool sort_keys = false;
  bool indented = false;  ///< one item per line
  String indent;          ///< what one level is indented by
  String item_separator = ", ";
  String key_separator = ": ";
};

/// json.dumps(value, …). Fails for values JSON does not have, as Python does.
String json_text(const Value& value, const JsonStyle& style);

}  // namespace brim::templates::jinja
