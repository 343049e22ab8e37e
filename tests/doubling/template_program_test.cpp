// The steps of one operation of a template on values of size n. Every filter, method and operator that processes a
// whole value is here, with the arguments that are worst for it.
#include <string>

#include "engine/template/chat_template.hpp"
#include "tests/doubling/chosen_keys.hpp"
#include "tests/doubling/steps.hpp"

namespace {

using namespace brim;

// s: n times "a"; h: half as long with "b" after it, g: with "b" before it; u: n characters beyond ASCII; w: words; p:
// one long word; q: quotes; m: markup; l: numbers, v: texts, e: pairs, d: a mapping, f: a mapping with keys that were
// chosen.
text::JsonTree variables(std::size_t n) {
  text::JsonTree all;
  all.kind = text::JsonTree::Kind::object;
  const auto add = [](text::JsonTree& object, const std::string& name, text::JsonTree value) {
    object.names.push_back(name);
    object.items.push_back(std::move(value));
  };
  const auto text_value = [](std::string text) {
    text::JsonTree value;
    value.kind = text::JsonTree::Kind::text;
    value.text = std::move(text);
    return value;
  };
  const auto number = [](std::uint64_t count) {
    text::JsonTree value;
    value.kind = text::JsonTree::Kind::number;
    value.number = static_cast<double>(count);
    value.count = count;
    return value;
  };
  const auto repeated = [&](const std::string& unit, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += unit;
    return text_value(text);
  };
  add(all, "n", number(n));
  add(all, "s", repeated("a", n));
  add(all, "h", text_value(std::string(n / 2, 'a') + 'b'));
  add(all, "g", text_value('b' + std::string(n / 2, 'a')));
  add(all, "u", repeated("\u00E9", n));
  add(all, "w", repeated("a b\n", n / 4));
  add(all, "c", repeated("a,", n / 2));
  add(all, "p", repeated("\u03A3'", n / 2));
  add(all, "q", repeated("'\"\\", n / 3));
  add(all, "m", repeated("<!--", n / 4));
  add(all, "y", repeated("{k7}", n / 4));
  add(all, "z", repeated("%(k7)s", n / 6));
  text::JsonTree numbers, texts, pairs, plain, chosen, dicts;
  numbers.kind = texts.kind = pairs.kind = dicts.kind = text::JsonTree::Kind::list;
  plain.kind = chosen.kind = text::JsonTree::Kind::object;
  const auto plain_keys = test::plain_keys(n), chosen_keys = test::chosen_keys(n);
  for (std::size_t i = 0; i < n; ++i) {
    numbers.items.push_back(number(i * 7919 % n));
    texts.items.push_back(text_value(chosen_keys[i]));
    text::JsonTree pair;
    pair.kind = text::JsonTree::Kind::list;
    pair.items = {text_value(plain_keys[i]), number(i)};
    pairs.items.push_back(std::move(pair));
    add(plain, plain_keys[i], number(i));
    add(chosen, chosen_keys[i], number(i));
    text::JsonTree dict;
    dict.kind = text::JsonTree::Kind::object;
    add(dict, "a", number(i % 10));
    dicts.items.push_back(std::move(dict));
  }
  add(all, "l", std::move(numbers));
  add(all, "v", std::move(texts));
  add(all, "e", std::move(pairs));
  add(all, "o", std::move(dicts));
  add(all, "d", std::move(plain));
  add(all, "f", std::move(chosen));
  return all;
}

constexpr const char* kTexts[] = {
    "h in s",
    "g in s",
    "s in s",
    "s.find(h)",
    "s.find(g)",
    "s.rfind(h)",
    "s.rfind(g)",
    "s.count(h)",
    "s.count('a')",
    "s.count('')",
    "s.count('a' * 200 ~ 'b')",
    "('b' ~ 'a' * 200) in s",
    "s.replace(h, '')|length",
    "s.replace('a', 'bb')|length",
    "s.replace('', '-')|length",
    "s|replace('a', 'b')|length",
    "s.split(h)|length",
    "s.split('a')|length",
    "s.rsplit(g)|length",
    "s.rsplit('a')|length",
    "c.split(',')|length",
    "c.rsplit(',', 3)|length",
    "w.split()|length",
    "w.rsplit()|length",
    "w.splitlines()|length",
    "s.partition(h)|length",
    "s.rpartition(g)|length",
    "s.startswith(s)",
    "s.endswith(s)",
    "s.startswith(h)",
    "s.removeprefix(s)",
    "s.removesuffix(h)|length",
    "s.strip('a')",
    "s.strip(u ~ 'a')",
    "u.strip(u)",
    "u.strip(s ~ h)|length",
    "w.strip()|length",
    "(' ' * n).strip()",
    "(' ' * n)|trim",
    "s|trim(u ~ 'a')",
    "s.upper()|length",
    "p.lower()|length",
    "p.title()|length",
    "p.swapcase()|length",
    "u.casefold()|length",
    "p|title|length",
    "w|title|length",
    "s|capitalize|length",
    "u|upper|length",
    "s.isalpha()",
    "s.islower()",
    "p.istitle()",
    "u.isprintable()",
    "s.isidentifier()",
    "s is lower",
    "s ~ h ~ s == s",
    "s == s ~ ''",
    "s < s ~ 'b'",
    "(s ~ 'a') > (s ~ 'b')",
    "s[n - 1]",
    "u[n - 1]",
    "u[1:-1]|length",
    "u[::-1]|length",
    "u[::2]|length",
    "s|reverse|length",
    "s|first",
    "s|last",
    "u|length",
    "s|list|length",
    "s * 2|int",
    "(s + s)|length",
    "(s ~ u ~ s)|length",
    "w|indent(4)|length",
    "w|indent('x' * 40)|length",
    "s|center(3 * n)|length",
    "s.ljust(3 * n)|length",
    "s.zfill(2 * n)|length",
    "w.expandtabs()|length",
    "s|truncate(n - 10)|length",
    "w|wordwrap(1)|length",
    "w|wordwrap(20)|length",
    "s|wordwrap(1)|length",
    "s|wordwrap(10)|length",
    "u|wordwrap(3)|length",
    "('a-' * n)|wordwrap(7)|length",
    "(' ' * n)|wordwrap(7)|length",
    "w|wordcount",
    "q|e|length",
    "q|string|length",
    "[q]|string|length",
    "q|tojson|length",
    "u|tojson(ensure_ascii=true)|length",
    "m|striptags|length",
    "('<' * n)|striptags|length",
    "('<a>' * n)|striptags|length",
    "('&lt;' * n)|striptags|length",
    "u|urlencode|length",
    "{s: h}|xmlattr|length",
    "{'a': q}|xmlattr|length",
    "(s|safe ~ q)|length",
    "('{} ' * n).format(*l)|length",
    "(('%s' * 3) % (s, u, l))|length",
    "y.format(**d)|length",
    "(z % d)|length",
    "'%s %s' % (s, s) == s",
    "'{:>{}}'.format(s, 2 * n)|length",
    "'%*s' % (2 * n, s) == s",
    "('0' * n)|int",
    "('1' * n)|float",
    "('1_' * n)|int(0, 2)",
    "('0' * n ~ '1')|int",
    "strftime_now('%Y' * (n // 2))|length",
    "d[s] is defined",
    "d[u] is defined",
    "{s: 1}[s]",
    "s is sameas s ~ ''",
    "(s ~ 'x') is in [s, u, h]",
    "s|default(u)|length",
    "u.center(3 * n, '\u00E9')|length",
};

constexpr const char* kCollections[] = {
    "l|sort|length",
    "l|sort(reverse=true)|length",
    "v|sort|length",
    "o|sort(attribute='a')|length",
    "l|unique|list|length",
    "v|unique|list|length",
    "l|max",
    "v|min",
    "l|sum",
    "o|sum('a')",
    "o|groupby('a')|length",
    "o|groupby('a')|map('first')|list|length",
    "l|list|length",
    "l|reverse|list|length",
    "l|batch(3)|list|length",
    "l|batch(n, 0)|list|length",
    "l|slice(n)|list|length",
    "l|slice(3, 0)|list|length",
    "l|map('abs')|sum",
    "o|map(attribute='a')|sum",
    "l|select('odd')|list|length",
    "l|select|reject|list|length",
    "o|selectattr('a', 'equalto', 3)|list|length",
    "o|rejectattr('a')|list|length",
    "l|join(',')|length",
    "v|join|length",
    "','.join(v)|length",
    "l|first",
    "l|last",
    "l|length",
    "-1 in l",
    "'nope' in v",
    "'nope' in d",
    "'nope' in d.values()",
    "'nope' in d.keys()",
    "('k1', 1) in d.items()",
    "l.index(n - 1)",
    "l.count(1)",
    "l.copy()|length",
    "(l + l)|length",
    "(l * 2)|length",
    "l[::-1]|length",
    "l[1:]|length",
    "l == l[:]",
    "l < l[:]",
    "l[n - 1]",
    "v|tojson|length",
    "l|string|length",
    "d|tojson(sort_keys=true)|length",
    "d|dictsort|length",
    "d|dictsort(by='value')|length",
    "d|items|list|length",
    "d.items()|list|length",
    "d|list|length",
    "d|length",
    "d == dict(d)",
    "dict(e)|length",
    "dict(d, a=1)|length",
    "dict(**d)|length",
    "dict(**f)|length",
    "f|list|length",
    "f == dict(f)",
    "f.get('nope')",
    "f|dictsort|length",
    "d.copy()|length",
    "namespace(**d) is defined",
    "d|urlencode|length",
    "d|xmlattr|length",
    "e|map('last')|sum",
    "e|map(attribute=1)|sum",
    "cycler(*l).next()",
    "range(n)|list|length",
    "range(n)|sum",
    "range(n)|reverse|list|length",
    "(n + 5) in range(n)",
    "{l|join: 1}|length",
    "[l, l]|string|length",
    "[[l]]|tojson|length",
    "'%s' % [l] == ''",
};

constexpr const char* kPrograms[] = {
    "{% for i in l %}{{ i }}{% endfor %}",
    "{% for i in l if i is odd %}{{ loop.index }}{% endfor %}",
    "{% for i in l %}{{ loop.last }}{{ loop.nextitem }}{{ loop.revindex }}{% endfor %}",
    "{% for i in l|select %}{{ loop.length }}{% endfor %}",
    "{% for c in s %}{{ c }}{% endfor %}",
    "{% for c in u %}{{ loop.changed(c) }}{% endfor %}",
    "{% for k, v in d.items() %}{{ k }}{{ v }}{% endfor %}",
    "{% for k in f %}{{ f[k] }}{% endfor %}",
    "{% for a, b in e %}{{ a ~ b }}{% endfor %}",
    "{% for i in range(n) %}{% set x = i %}{% endfor %}",
    "{% set ns = namespace(t=0) %}{% for i in l %}{% set ns.t = ns.t + i %}{% endfor %}{{ ns.t }}",
    "{% set ns = namespace(v=none) %}{% for i in l %}{% set ns.v = [ns.v, i] %}{% endfor %}",
    "{% set ns = namespace(v=none) %}{% for i in l %}{% set ns.v = {'a': ns.v} %}{% endfor %}",
    "{% set ns = namespace() %}{% for i in l %}{% set x = namespace(o=ns) %}{% endfor %}",
    "{% macro m(x) %}{{ x }}{% endmacro %}{% for i in l %}{{ m(i) }}{% endfor %}",
    "{% macro m() %}{{ varargs|length }}{{ kwargs|length }}{% endmacro %}{{ m(*l, **d) }}",
    "{% macro m(k1, k2, k3, k4, k5) %}{{ kwargs|length }}{% endmacro %}{{ m(**f) }}",
    "{% for i in l %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}",
    "{% macro m() %}{{ caller(1) }}{% endmacro %}{% for i in l %}{% call(x) m() %}{{ x }}{% endcall %}{% endfor %}",
    "{% filter upper %}{{ s }}{% endfilter %}{% set t %}{{ s }}{{ u }}{% endset %}{{ t|length }}",
    "{% for i in l %}{% if loop.index0 > 5 %}{% break %}{% endif %}{% endfor %}{{ s }}{{ s|length }}",
    "{% for i in l %}{{ cycler('a', 'b').next() }}{{ joiner()() }}{% endfor %}",
};

void check(const std::string& source, std::size_t n) {
  CAPTURE(source);
  const auto chat = templates::ChatTemplate::parse(source);
  REQUIRE_MESSAGE(chat.ok(), chat.error().sentence);
  // Only the variables that the source names are converted into values and counted.
  test::check_doubling(source, n, [&](std::size_t size) -> std::function<void()> {
    return [&chat, tree = variables(size)] {
      const auto rendered = chat->render(tree, {});
      CHECK_MESSAGE(rendered.ok(), rendered.error().sentence);
    };
  });
}

}  // namespace

TEST_CASE("operations on texts") {
  for (const char* expression : kTexts) check("{{ " + std::string(expression) + " }}", 2000);
}

TEST_CASE("operations on lists and mappings") {
  for (const char* expression : kCollections) check("{{ " + std::string(expression) + " }}", 1000);
}

TEST_CASE("loops, macros and namespaces") {
  for (const char* program : kPrograms) check(program, 1000);
}
