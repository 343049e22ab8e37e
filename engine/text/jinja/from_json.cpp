// See from_json.hpp.
#include "engine/text/jinja/from_json.hpp"

#include <nlohmann/json.hpp>

#include "engine/text/jinja/code_points.hpp"
#include "engine/text/jinja/failure.hpp"

namespace brim::text::jinja {

Value from_json(const nlohmann::ordered_json& json, int depth) {
  using Type = nlohmann::ordered_json::value_t;
  if (depth > kMaxValueDepth) fail("the variables nest more than ", kMaxValueDepth, " levels deep");
  switch (json.type()) {
    case Type::boolean: return Value::boolean(json.get<bool>());
    case Type::number_integer: return Value::integer(json.get<std::int64_t>());
    case Type::number_unsigned: return Value::integer(json.get<std::uint64_t>());
    case Type::number_float: return Value::real(json.get<double>());
    case Type::string: return Value::text(valid_utf8(json.get_ref<const std::string&>()));
    case Type::array: {
      std::vector<Value> items;
      items.reserve(json.size());
      for (const auto& item : json) items.push_back(from_json(item, depth + 1));
      return Value::list(std::move(items));
    }
    case Type::object: {
      auto dict = std::make_shared<Dict>();
      for (const auto& [key, value] : json.items())
        dict->set(Value::text(valid_utf8(key)), from_json(value, depth + 1));
      return Value::dict(std::move(dict));
    }
    default: return {};
  }
}

}  // namespace brim::text::jinja
