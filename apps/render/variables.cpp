// See variables.hpp.
#include "apps/render/variables.hpp"

#include <utility>

#include "apps/commands.hpp"
#include "apps/model_options/model_options.hpp"
#include "engine/base/sentence.hpp"

namespace brim::apps {
namespace {

using text::JsonTree;

std::string shown_path(const std::string& path) { return path == "-" ? "standard input" : path; }

JsonTree read_json(const std::string& path) {
  Result<JsonTree> json = text::parse_json(read_file(path), templates::kVariableLimits);
  if (!json) throw Failure(2, shown_path(path) + " " + json.error().sentence);
  return std::move(json).value();
}

JsonTree read_array(const std::string& path, const char* what) {
  JsonTree json = read_json(path);
  if (!json.is(JsonTree::Kind::list)) {
    throw Failure(2, shown_path(path) + ": expected a JSON array of " + what + ", found " + text::shown(json));
  }
  return json;
}

/// Messages are objects that name the speaker; their other members are only checked by the template.
JsonTree read_messages(const std::string& path) {
  JsonTree messages = read_array(path, "messages");
  for (std::size_t i = 0; i < messages.items.size(); ++i) {
    const JsonTree* role = messages.items[i].find("role");
    if (role != nullptr && role->is(JsonTree::Kind::text)) continue;
    const std::string found = role != nullptr                                ? "the role " + text::shown(*role)
                              : messages.items[i].is(JsonTree::Kind::object) ? std::string("an object without \"role\"")
                                                                             : text::shown(messages.items[i]);
    throw Failure(2, sentence(shown_path(path), ": message ", i + 1,
                              ": expected an object with a text as its \"role\", found ", found));
  }
  return messages;
}

JsonTree read_tools(const std::string& path) {
  JsonTree tools = read_array(path, "tools");
  for (std::size_t i = 0; i < tools.items.size(); ++i) {
    if (tools.items[i].is(JsonTree::Kind::object)) continue;
    throw Failure(
        2, sentence(shown_path(path), ": tool ", i + 1, ": expected an object, found ", text::shown(tools.items[i])));
  }
  return tools;
}

void add(JsonTree& object, const char* name, JsonTree value) {
  object.names.emplace_back(name);
  object.items.push_back(std::move(value));
}

JsonTree text_value(const std::string& text) {
  JsonTree value;
  value.kind = JsonTree::Kind::text;
  value.text = text;
  return value;
}

}  // namespace

JsonTree read_variables(const std::string& path) {
  JsonTree json = read_json(path);
  if (!json.is(JsonTree::Kind::object)) {
    throw Failure(2, shown_path(path) + ": expected one JSON object with the variables, found " + text::shown(json));
  }
  return json;
}

JsonTree conversation_variables(const std::string& messages_path, const std::string& tools_path,
                                bool add_generation_prompt, const std::string& bos_token,
                                const std::string& eos_token) {
  if (messages_path == "-" && tools_path == "-")
    throw Failure(2, "--messages and --tools cannot both read standard input");
  JsonTree variables;
  variables.kind = JsonTree::Kind::object;
  add(variables, "messages", read_messages(messages_path));
  JsonTree prompt;
  prompt.kind = JsonTree::Kind::flag;
  prompt.flag = add_generation_prompt;
  add(variables, "add_generation_prompt", std::move(prompt));
  add(variables, "bos_token", text_value(bos_token));
  add(variables, "eos_token", text_value(eos_token));
  if (!tools_path.empty()) add(variables, "tools", read_tools(tools_path));
  return variables;
}

}  // namespace brim::apps
