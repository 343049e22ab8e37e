// Template sources: any construct that is written n times in a row, or is n long.
#include <string>

#include "engine/template/chat_template.hpp"
#include "tests/doubling/steps.hpp"

namespace {

using namespace brim;

std::string repeated(const std::string& unit, std::size_t n) {
  std::string text;
  for (std::size_t i = 0; i < n; ++i) text += unit;
  return text;
}

// %N is the number of the repetition.
std::string numbered(const std::string& unit, std::size_t n) {
  std::string text;
  for (std::size_t i = 0; i < n; ++i) {
    std::string one = unit;
    for (std::size_t at = one.find("%N"); at != std::string::npos; at = one.find("%N"))
      one.replace(at, 2, std::to_string(i));
    text += one;
  }
  return text;
}

struct Source {
  const char* name;
  std::string (*make)(std::size_t n);
};

const Source kSources[] = {
    {"text", [](std::size_t n) { return std::string(n, 'a'); }},
    {"white space",
     [](std::size_t n) { return std::string(n, ' ') + "{%- if 1 -%}" + std::string(n, ' ') + "{% endif %}"; }},
    {"lines", [](std::size_t n) { return repeated("\n  ", n); }},
    {"carriage returns", [](std::size_t n) { return repeated("\r", n); }},
    {"braces", [](std::size_t n) { return repeated("{", n) + " "; }},
    {"prints", [](std::size_t n) { return repeated("{{ 1 }}", n); }},
    {"statements on lines of their own", [](std::size_t n) { return repeated("  {% set a = 1 %}\n", n); }},
    {"comments", [](std::size_t n) { return repeated("{# a #}", n); }},
    {"a long comment", [](std::size_t n) { return "{#" + repeated("# ", n) + "#}"; }},
    {"a comment that does not end", [](std::size_t n) { return "{#" + repeated("#-", n); }},
    {"a raw block", [](std::size_t n) { return "{% raw %}" + repeated("{% ", n) + "{% endraw %}"; }},
    {"a raw block that does not end", [](std::size_t n) { return "{% raw %}" + repeated("{%  ", n); }},
    {"raw blocks", [](std::size_t n) { return repeated("{% raw %}{{{% endraw %}", n); }},
    {"a string", [](std::size_t n) { return "{{ '" + std::string(n, 'a') + "' }}"; }},
    {"strings in a row", [](std::size_t n) { return "{{ " + repeated("'a' ", n) + "}}"; }},
    {"escapes", [](std::size_t n) { return "{{ '" + repeated("\\u20ac", n) + "' }}"; }},
    {"a name", [](std::size_t n) { return "{{ " + std::string(n, 'a') + " }}"; }},
    {"names", [](std::size_t n) { return numbered("{{ a%N }}", n); }},
    {"variables", [](std::size_t n) { return numbered("{% set a%N = 1 %}", n) + numbered("{{ a%N }}", n); }},
    {"variables in a loop",
     [](std::size_t n) { return "{% for i in [1] %}" + numbered("{% set a%N = 1 %}", n) + "{% endfor %}"; }},
    {"attributes of a namespace",
     [](std::size_t n) { return "{% set s = namespace() %}" + numbered("{% set s.a%N = 1 %}", n); }},
    {"blocks", [](std::size_t n) { return numbered("{% block a%N %}{% endblock %}", n); }},
    {"macros",
     [](std::size_t n) { return numbered("{% macro a%N() %}{% endmacro %}", n) + numbered("{{ a%N() }}", n); }},
    {"parameters",
     [](std::size_t n) {
       return "{% macro m(" + numbered("a%N, ", n) + "z) %}{% endmacro %}{{ m(" + numbered("a%N=1, ", n) + "z=1) }}";
     }},
    {"arguments that are missing",
     [](std::size_t n) { return "{% macro m(" + numbered("a%N, ", n) + "z) %}{% endmacro %}{{ m() }}"; }},
    {"variables of a with block",
     [](std::size_t n) { return "{% with " + numbered("a%N = 1, ", n) + "z = 1 %}{% endwith %}"; }},
    {"arguments of a filter", [](std::size_t n) { return "{{ 1|default(" + numbered("a%N=1, ", n) + "z=1) }}"; }},
    {"positional arguments", [](std::size_t n) { return "{{ cycler(" + repeated("1, ", n) + "1).next() }}"; }},
    {"branches", [](std::size_t n) { return "{% if 0 %}" + repeated("{% elif 0 %}", n) + "{% endif %}"; }},
    {"a list", [](std::size_t n) { return "{{ [" + repeated("1, ", n) + "]|length }}"; }},
    {"a dict", [](std::size_t n) { return "{{ {" + numbered("'a%N': 1, ", n) + "}|length }}"; }},
    {"a dict of numbers", [](std::size_t n) { return "{{ {" + numbered("%N: 1, ", n) + "}|length }}"; }},
    {"comparisons", [](std::size_t n) { return "{{ 1" + repeated(" < 2", 1) + repeated(" != 0", n) + " }}"; }},
    {"joined parts", [](std::size_t n) { return "{{ 'a'" + repeated(" ~ 'b'", n) + " }}"; }},
    {"targets",
     [](std::size_t n) { return "{% set " + numbered("a%N, ", n) + "z = [" + repeated("1, ", n) + "1] %}"; }},
    {"brackets that nest", [](std::size_t n) { return "{{ " + repeated("(", n); }},
    {"an unknown filter in the last place", [](std::size_t n) { return repeated("{{ 1|abs }}", n) + "{{ 1|nope }}"; }},
};

}  // namespace

TEST_CASE("reading and rendering a template of twice the size") {
  for (const Source& source : kSources) {
    test::check_doubling(source.name, 3000, [&](std::size_t n) -> std::function<void()> {
      return [text = source.make(n)] {
        const auto chat = templates::ChatTemplate::parse(text);
        if (chat.ok()) static_cast<void>(chat->render(templates::ChatInput{}, {}));
      };
    });
  }
}
