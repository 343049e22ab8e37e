// See variables.hpp.
#include "apps/render/variables.hpp"

#include "apps/commands.hpp"
#include "apps/model_options/model_options.hpp"

namespace brim::apps {
namespace {

text::Json read_json(const std::string& path) {
  try {
    return text::Json::parse(read_file(path));
  } catch (const text::Json::parse_error& failure) {
    throw Failure(
        2, (path == "-" ? "standard input" : path) + " is not JSON: error at byte " + std::to_string(failure.byte));
  } catch (const text::Json::out_of_range&) {
    throw Failure(2, (path == "-" ? "standard input" : path) + " holds a number that is too large (above 1.8e308)");
  }
}

text::Json read_array(const std::string& path, const char* what) {
  text::Json json = read_json(path);
  if (!json.is_array()) {
    throw Failure(2, (path == "-" ? "standard input" : path) + ": expected a JSON array of " + what + ", found " +
                         std::string(json.type_name()));
  }
  return json;
}

}  // namespace

text::Json read_variables(const std::string& path) {
  text::Json json = read_json(path);
  if (!json.is_object()) {
    throw Failure(2, (path == "-" ? "standard input" : path) + ": expected one JSON object with the variables, found " +
                         std::string(json.type_name()));
  }
  return json;
}

text::Json conversation_variables(const std::string& messages_path, const std::string& tools_path,
                                  bool add_generation_prompt, const std::string& bos_token,
                                  const std::string& eos_token) {
  if (messages_path == "-" && tools_path == "-")
    throw Failure(2, "--messages and --tools cannot both read standard input");
  text::Json variables;
  variables["messages"] = read_array(messages_path, "messages");
  variables["add_generation_prompt"] = add_generation_prompt;
  variables["bos_token"] = bos_token;
  variables["eos_token"] = eos_token;
  if (!tools_path.empty()) variables["tools"] = read_array(tools_path, "tools");
  return variables;
}

}  // namespace brim::apps
