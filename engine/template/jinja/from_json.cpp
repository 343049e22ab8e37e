// See from_json.hpp.
#include "engine/template/jinja/from_json.hpp"

#include "engine/template/jinja/code_points.hpp"
#include "engine/template/jinja/failure.hpp"

namespace brim::templates::jinja {

Value from_json(const text::JsonTree& json, int depth) {
  using Json = text::JsonTree::Kind;
  charge_level();
  if (depth > kMaxValueDepth) fail("the variables nest more than ", kMaxValueDepth, " levels deep");
  switch (json.kind) {
    case Json::null:
      return {};
    case Json::flag:
      return Value::boolean(json.flag);
    case Json::number:
      if (json.count) return Value::integer(*json.count);
      if (json.negative) return Value::integer(*json.negative);
      return Value::real(json.number);
    case Json::text:
      return Value::text(valid_utf8(json.text));
    case Json::list: {
      Vector<Value> items;
      items.reserve(json.items.size());
      for (const text::JsonTree& item : json.items) items.push_back(from_json(item, depth + 1));
      return Value::list(std::move(items));
    }
    case Json::object: {
      auto dict = make_metered<Dict>();
      for (std::size_t i = 0; i < json.items.size(); ++i)
        dict->set(Value::text(valid_utf8(json.names[i])), from_json(json.items[i], depth + 1));
      return Value::dict(std::move(dict));
    }
  }
  return {};
}

}  // namespace brim::templates::jinja
