// Templates are untrusted: what works too long, nests too deeply or grows too large ends with an error, and values that
// hold themselves are freed (the sanitizer builds see to the leaks).
#include <chrono>
#include <thread>
#include <vector>

#include "tests/engine/text/jinja_rendering.hpp"

using brim::test::check_failures;
using brim::test::render;

TEST_CASE("endless work is stopped") {
  const auto parsed = brim::text::ChatTemplate::parse(
      "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}");
  REQUIRE(parsed.ok());
  brim::text::RenderOptions options;
  options.max_steps = 1'000'000;
  const auto result = parsed->render(brim::test::tree_of(brim::test::Json::object()), options);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().sentence.find("too much work") != std::string::npos);
}

TEST_CASE("nesting is bounded, in the source and in the work") {
  std::string parentheses = "{{ ";
  for (int i = 0; i < 100000; ++i) parentheses += '(';
  CHECK(render(parentheses).find("levels deep") != std::string::npos);
  std::string sum = "{{ 1";
  for (int i = 0; i < 100000; ++i) sum += " + 1";
  CHECK(render(sum + " }}").find("levels deep") != std::string::npos);
  std::string ifs;
  for (int i = 0; i < 100000; ++i) ifs += "{% if yes %}";
  CHECK(render(ifs).find("levels deep") != std::string::npos);
  std::string attributes = "{{ x";
  for (int i = 0; i < 100000; ++i) attributes += ".a";
  CHECK(render(attributes + " }}").find("levels deep") != std::string::npos);
  check_failures({
      {"{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "nests too deeply"},
      {"{% macro m() %}{% call m() %}{{ caller }}{% endcall %}{{ caller }}{% endmacro %}{{ m() }}", "nests too deeply"},
      {"{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", "nests too deeply"},
      {"{% set ns = namespace(g=l) %}{% for i in range(9999) %}{% set ns.g = ns.g|map('string') %}{% endfor %}{{ "
       "ns.g|list }}",
       "nests too deeply"},
      {"{% set ns = namespace(v=[]) %}{% for i in range(9999) %}{% set ns.v = [ns.v] %}{% endfor %}{{ ns.v }}",
       "recursion depth"},
      {"{% set ns = namespace(v=[]) %}{% for i in range(9999) %}{% set ns.v = [ns.v] %}{% endfor %}{{ ns.v|tojson }}",
       "recursion depth"},
      {"{% set ns = namespace(v=[], w=[]) %}{% for i in range(9999) %}{% set ns.v = [ns.v] %}{% set ns.w = [ns.w] %}"
       "{% endfor %}{{ ns.v == ns.w }}",
       "recursion depth"},
      {"{% set ns = namespace(v=()) %}{% for i in range(9999) %}{% set ns.v = (ns.v,) %}{% endfor %}{{ {ns.v: 1} }}",
       "recursion depth"},
      {"{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}", "recursion depth"},
  });
}

TEST_CASE("deep variables are refused") {
  brim::test::Json deep = 1;
  for (int i = 0; i < 1000; ++i) deep = brim::test::Json::array({deep});
  CHECK(render("{{ v }}", {{"v", deep}}).find("levels deep") != std::string::npos);
}

TEST_CASE("memory is bounded") {
  check_failures({
      {"{{ 'ab' * 99999999 }}", "more than 64 MiB"},
      {"{{ 'ab' * 9999999999999999999 }}", "more than 64 MiB"},
      {"{{ [1] * 9999999999 }}", "too long"},
      {"{{ 'a'.center(9999999999) }}", "more than 64 MiB"},
      {"{{ 'a'|center(99999999) }}", "more than 64 MiB"},
      {"{{ 'a'.zfill(99999999) }}", "more than 64 MiB"},
      {"{{ '%99999999d' % 1 }}", "too large"},
      {"{{ '{:99999999}'.format(1) }}", "too large"},
      {"{{ range(999999999) }}", "MAX_RANGE"},
      {"{{ range(0, 10**35, 10**31)|list }}", "too large"},
      {"{{ 10 ** 10 ** 10 }}", "too large"},
      {"{{ 99 ** 99 }}", "too large"},
      {"{{ 10 ** 37 * 10 ** 37 }}", "too large"},
      {"{% set ns = namespace(s='a') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
       "more than 64 MiB"},
      {"{% set ns = namespace(v=[1]) %}{% for i in range(99) %}{% set ns.v = ns.v + ns.v %}{% endfor %}",
       "too much memory"},
      {"{% set ns = namespace(v=[1]) %}{% for i in range(99) %}{% set ns.v = [ns.v, ns.v] %}{% endfor %}{{ ns.v }}",
       "more than 64 MiB"},
      {"{% set s = 'a' * 60000000 %}{{ s }}{{ s }}", "more than 64 MiB"},
      {"{% set s = 'a' * 60000000 %}{{ s.replace('a' * 1000, 'b' * 2000) }}", "more than 64 MiB"},
      {"{% set s = 'a' * 9000000 %}{{ (s, s, s, s, s, s, s, s)|join(',') }}", "more than 64 MiB"},
      {"{% set s = '<' * 30000000 %}{{ s|e }}", "more than 64 MiB"},
  });
}

TEST_CASE("values that hold themselves, and long chains of values, are freed") {
  CHECK(render("{% set ns = namespace() %}{% set ns.me = ns %}{% set ns.l = [ns, {'k': ns}] %}x") == "x");
  CHECK(render("{% macro m() %}{{ m.name }}{% endmacro %}{% set q = [m] %}{{ m() }}") == "m");
  CHECK(render("{% set ns = namespace() %}{% for i in l %}{% set ns.l = loop %}{{ loop.changed(loop) }}{% endfor %}") ==
        "TrueFalseFalse");
  CHECK(render("{% set ns = namespace(v=[]) %}{% for i in range(50000) %}{% set ns.v = [ns.v] %}{% endfor %}{{ "
               "ns.v|length }}") == "1");
  CHECK(
      render(
          "{% set ns = namespace(v=[]) %}{% for i in range(50000) %}{% set ns.v = namespace(a=ns.v) %}{% endfor %}x") ==
      "x");
}

TEST_CASE("searching is linear in texts made to be slow") {
  CHECK(render("{% set s = 'a' * 1000000 %}{{ ('a' * 300000 ~ 'b') in s }}{{ s.count('a' * 1000 ~ 'b') }}"
               "{{ s.replace('a' * 1000 ~ 'b', 'x')|length }}") == "False01000000");
}

TEST_CASE("one parsed template renders in several threads") {
  const auto parsed = brim::text::ChatTemplate::parse(
      "{% set ns = namespace(t=0) %}{% for i in range(100) %}{% set ns.t = ns.t + i * k %}{% endfor %}{{ 'sum' ~ ns.t "
      "}}");
  REQUIRE(parsed.ok());
  std::vector<std::string> texts(4);
  std::vector<std::thread> threads;
  for (std::size_t k = 0; k < texts.size(); ++k) {
    threads.emplace_back([&, k] { texts[k] = *parsed->render(brim::test::tree_of({{"k", k}}), {}); });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t k = 0; k < texts.size(); ++k) CHECK(texts[k] == "sum" + std::to_string(4950 * k));
}

TEST_CASE("text that is no UTF-8 becomes replacement characters") {
  CHECK(render("a\xFFz") == "a\xEF\xBF\xBDz");
  CHECK(render("{{ v }}{{ v|length }}", {{"v", "a\xC3z"}}) == "a\xEF\xBF\xBDz3");
}
