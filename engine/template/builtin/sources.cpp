// The built-in chat templates (declared in engine/template/chat_template.hpp): the prompt format that each family of
// models was trained with. Every source prints a whole conversation and, when add_generation_prompt is true, the
// opening of the answer.
#include "engine/template/chat_template.hpp"

namespace brim::templates {
namespace {

constexpr std::string_view chatml = R"jinja(
{%- for message in messages -%}
  {{ '<|im_start|>' ~ message.role ~ '\n' ~ message.content ~ '<|im_end|>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {{ '<|im_start|>assistant\n' }}
{%- endif -%}
)jinja";

// Each exchange is a text of its own, with BOS before and EOS after it.
constexpr std::string_view llama2 = R"jinja(
{%- set state = namespace(system='') -%}
{%- for message in messages -%}
  {%- if message.role == 'system' -%}
    {%- set state.system = '<<SYS>>\n' ~ message.content ~ '\n<</SYS>>\n\n' -%}
  {%- elif message.role == 'assistant' -%}
    {{ ' ' ~ message.content|trim ~ ' ' ~ eos_token }}
  {%- else -%}
    {{ bos_token ~ '[INST] ' ~ state.system ~ message.content|trim ~ ' [/INST]' }}
    {%- set state.system = '' -%}
  {%- endif -%}
{%- endfor -%}
)jinja";

constexpr std::string_view llama3 = R"jinja(
{{- bos_token -}}
{%- for message in messages -%}
  {{ '<|start_header_id|>' ~ message.role ~ '<|end_header_id|>\n\n' ~ message.content|trim ~ '<|eot_id|>' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif -%}
)jinja";

constexpr std::string_view gemma = R"jinja(
{{- bos_token -}}
{%- set state = namespace(system='') -%}
{%- for message in messages -%}
  {%- if message.role == 'system' -%}
    {%- set state.system = message.content|trim ~ '\n\n' -%}
  {%- else -%}
    {%- set role = 'model' if message.role == 'assistant' else 'user' -%}
    {{ '<start_of_turn>' ~ role ~ '\n' ~ state.system ~ message.content|trim ~ '<end_of_turn>\n' }}
    {%- set state.system = '' -%}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {{ '<start_of_turn>model\n' }}
{%- endif -%}
)jinja";

constexpr std::string_view phi3 = R"jinja(
{%- for message in messages -%}
  {{ '<|' ~ message.role ~ '|>\n' ~ message.content ~ '<|end|>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {{ '<|assistant|>\n' }}
{%- endif -%}
)jinja";

constexpr std::string_view mistral = R"jinja(
{{- bos_token -}}
{%- set state = namespace(system='') -%}
{%- for message in messages -%}
  {%- if message.role == 'system' -%}
    {%- set state.system = message.content|trim ~ '\n\n' -%}
  {%- elif message.role == 'assistant' -%}
    {{ ' ' ~ message.content|trim ~ eos_token }}
  {%- else -%}
    {{ '[INST] ' ~ state.system ~ message.content|trim ~ ' [/INST]' }}
    {%- set state.system = '' -%}
  {%- endif -%}
{%- endfor -%}
)jinja";

constexpr std::string_view zephyr = R"jinja(
{%- for message in messages -%}
  {{ '<|' ~ message.role ~ '|>\n' ~ message.content ~ eos_token ~ '\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {{ '<|assistant|>\n' }}
{%- endif -%}
)jinja";

constexpr std::string_view granite = R"jinja(
{%- for message in messages -%}
  {{ '<|start_of_role|>' ~ message.role ~ '<|end_of_role|>' ~ message.content ~ '<|end_of_text|>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {{ '<|start_of_role|>assistant<|end_of_role|>' }}
{%- endif -%}
)jinja";

constexpr std::string_view deepseek = R"jinja(
{{- bos_token -}}
{%- for message in messages -%}
  {%- if message.role == 'assistant' -%}
    {{ 'Assistant: ' ~ message.content|trim ~ eos_token }}
  {%- elif message.role == 'system' -%}
    {{ message.content|trim ~ '\n\n' }}
  {%- else -%}
    {{ 'User: ' ~ message.content|trim ~ '\n\n' }}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {{ 'Assistant:' }}
{%- endif -%}
)jinja";

constexpr std::string_view vicuna = R"jinja(
{{- bos_token -}}
{%- for message in messages -%}
  {%- if message.role == 'assistant' -%}
    {{ 'ASSISTANT: ' ~ message.content|trim ~ eos_token ~ '\n' }}
  {%- elif message.role == 'system' -%}
    {{ message.content|trim ~ '\n\n' }}
  {%- else -%}
    {{ 'USER: ' ~ message.content|trim ~ '\n' }}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {{ 'ASSISTANT:' }}
{%- endif -%}
)jinja";

constexpr std::string_view alpaca = R"jinja(
{{- bos_token -}}
{%- for message in messages -%}
  {%- if message.role == 'assistant' -%}
    {{ '### Response:\n' ~ message.content|trim ~ eos_token ~ '\n\n' }}
  {%- elif message.role == 'system' -%}
    {{ message.content|trim ~ '\n\n' }}
  {%- else -%}
    {{ '### Instruction:\n' ~ message.content|trim ~ '\n\n' }}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {{ '### Response:\n' }}
{%- endif -%}
)jinja";

// For models that only continue text: the messages' text, a line break between messages, no roles.
constexpr std::string_view plain = R"jinja(
{%- for message in messages -%}
  {{ message.content }}
  {%- if not loop.last -%}{{ '\n' }}{%- endif -%}
{%- endfor -%}
)jinja";

}  // namespace

std::string_view builtin_template(std::string_view name) {
#define TEMPLATE(known) \
  if (name == #known) return known;
#include "engine/template/builtin/names.def"
#undef TEMPLATE
  return {};
}

std::string builtin_template_names() {
  std::string names;
#define TEMPLATE(known) names += (names.empty() ? "" : "|") + std::string(#known);
#include "engine/template/builtin/names.def"
#undef TEMPLATE
  return names;
}

}  // namespace brim::templates
