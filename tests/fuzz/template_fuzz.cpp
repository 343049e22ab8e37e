// Chat templates are part of untrusted model files: any source must parse or fail, and what parses must render or fail,
// within the interpreter's bounds.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/template/chat_template.hpp"

namespace {

// A conversation as a template sees it, with every kind of value in it.
const brim::text::JsonTree& variables() {
  static const brim::text::JsonTree json = *brim::text::parse_json(R"({
    "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Grüße, 世界 😀"},
                 {"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "f", "arguments": {"x": 1.5}}}]},
                 {"role": "user", "content": [{"type": "text", "text": "<b>\n\n"}]}],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "required": ["x"]}}}],
    "add_generation_prompt": true, "bos_token": "<s>", "eos_token": "</s>", "n": 7, "f": -2.5, "none": null,
    "l": [3, 1, 2], "d": {"b": [1, [2]], "a": {"items": 1}}, "s": "a,b , c"})");
  return json;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  const auto parsed = brim::templates::ChatTemplate::parse(source);
  if (!parsed) return 0;
  brim::templates::RenderOptions options;
  options.now = 1752148800;
  options.max_steps = 200'000;  // an input that uses the whole default limit would slow down the search
  static_cast<void>(parsed->render(variables(), options));
  return 0;
}
