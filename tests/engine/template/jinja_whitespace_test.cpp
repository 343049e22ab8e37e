// White space around tags: trim_blocks, lstrip_blocks, signs, raw blocks, comments, line ends.
// Expectations were worked out with Python's jinja2 3.1.2; the expressions are our own.
#include "tests/engine/template/jinja_rendering.hpp"

using brim::test::check_templates;

TEST_CASE("white space") {
  check_templates({
      {"a\n", "a"},
      {"a\n\n", "a\n"},
      {"a\r\nb\rc\n", "a\nb\nc"},
      {"\n", ""},
      {"", ""},
      {"  {% if yes %}\n  x\n  {% endif %}\n  y", "  x\n  y"},
      {"  {%- if yes -%}\n  x\n  {%- endif -%}\n  y", "xy"},
      {"a  {%+ if yes %}x{% endif %}", "a  x"},
      {"  {%+ if yes %}x{% endif %}  \n  y", "  x  \n  y"},
      {" {% if yes +%}\nx{% endif %}\n\nz", "\nx\nz"},
      {"{{ x }}\n{{ x }}\n", "outer\nouter"},
      {"  {{ x }}  \n", "  outer  "},
      {"  {{- x -}}  \n b", "outerb"},
      {"{{- x }}", "outer"},
      {"{# c #}\na", "a"},
      {"  {# c #}\na", "a"},
      {"x {# c #}\na", "x a"},
      {"x {#- c -#}  \n a", "xa"},
      {"  {#+ c +#}\na", "  \na"},
      {"{#- -#}", ""},
      {"{##}", ""},
      {"{#-#}", ""},
      {"{% raw %}{{ x }}{% endraw %}", "{{ x }}"},
      {"{% raw %}\n{{ x }}\n{% endraw %}\nb", "\n{{ x }}\nb"},
      {"  {%- raw -%}  \n {{ x }} {%- endraw -%}  b", "{{ x }}b"},
      {"{%raw%}{%endraw%}", ""},
      {"  {% raw %}  {% endraw %}  \n z", "    \n z"},
      {"{% raw -%}\n  a{% endraw +%}\nb", "a\nb"},
  });
}
