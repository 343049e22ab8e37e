// The variables of a template as nlohmann's values, which tests can write in one line.
#pragma once

#include <nlohmann/json.hpp>

#include "engine/text/json_tree.hpp"

namespace brim::test {

using Json = nlohmann::ordered_json;

/// The same values in the form that the interpreter takes.
inline text::JsonTree tree_of(const Json& json) {
  using Kind = text::JsonTree::Kind;
  text::JsonTree tree;
  if (json.is_boolean()) {
    tree.kind = Kind::flag;
    tree.flag = json.get<bool>();
  } else if (json.is_number()) {
    tree.kind = Kind::number;
    tree.number = json.get<double>();
    if (json.is_number_unsigned())
      tree.count = json.get<std::uint64_t>();
    else if (json.is_number_integer() && json.get<std::int64_t>() >= 0)
      tree.count = json.get<std::uint64_t>();
    else if (json.is_number_integer())
      tree.negative = json.get<std::int64_t>();
  } else if (json.is_string()) {
    tree.kind = Kind::text;
    tree.text = json.get<std::string>();
  } else if (json.is_structured()) {
    tree.kind = json.is_object() ? Kind::object : Kind::list;
    for (const auto& [name, value] : json.items()) {
      if (json.is_object()) tree.names.push_back(name);
      tree.items.push_back(tree_of(value));
    }
  }
  return tree;
}

}  // namespace brim::test
