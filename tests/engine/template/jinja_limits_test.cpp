// Templates are untrusted: a template that runs too long, nests too deeply or grows too large ends with an error, and
// values that contain themselves are freed (the sanitizer builds detect leaks).
#include <pthread.h>

#include <functional>
#include <new>
#include <thread>
#include <vector>

#include "engine/base/stack_depth.hpp"
#include "tests/engine/template/jinja_rendering.hpp"
#include "tests/support/allocation_count.hpp"

using brim::test::check_failures;
using brim::test::render;

TEST_CASE("endless work is stopped") {
  const auto parsed = brim::templates::ChatTemplate::parse(
      "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}");
  REQUIRE(parsed.ok());
  brim::templates::RenderOptions options;
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

namespace {

// Runs work() on a thread with a stack of 256 KiB, or proportionally more where frames are larger in this build.
void on_small_stack(const std::function<void()>& work) {
  pthread_attr_t attributes;
  REQUIRE(pthread_attr_init(&attributes) == 0);
  REQUIRE(pthread_attr_setstacksize(&attributes, brim::kFrameScale * 256 * 1024) == 0);
  pthread_t thread{};
  const auto run = [](void* argument) -> void* {
    (*static_cast<const std::function<void()>*>(argument))();
    return nullptr;
  };
  REQUIRE(pthread_create(&thread, &attributes, run, const_cast<std::function<void()>*>(&work)) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

// The result of render() on this thread.
std::string render_on_small_stack(const std::string& source) {
  std::string text;
  on_small_stack([&] { text = render(source); });
  return text;
}

std::string times(const std::string& text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("values that nest 100,000 deep are let go of on a small stack, also where no memory is left") {
  const std::string chains[] = {
      "{% set ns = namespace(v=[]) %}{% for i in range(99999) %}{% set ns.v = [ns.v] %}{% endfor %}",
      "{% set ns = namespace(v={}) %}{% for i in range(99999) %}{% set ns.v = {'a': ns.v} %}{% endfor %}",
      "{% set ns = namespace(v=()) %}{% for i in range(99999) %}{% set ns.v = (ns.v, 1) %}{% endfor %}",
      "{% set ns = namespace(v=0) %}{% for i in range(99999) %}{% set ns.v = namespace(a=ns.v) %}{% endfor %}",
      "{% set ns = namespace(v=l) %}{% for i in range(99999) %}{% set ns.v = ns.v|map('string') %}{% endfor %}",
      "{% set ns = namespace(v=[]) %}{% for i in range(99999) %}{% set ns.v = [ns.v, {'a': namespace(b=ns.v)}] %}{% "
      "endfor %}",
  };
  for (const std::string& chain : chains) {
    CAPTURE(chain);
    // The last allocations of a rendering, for text longer than strings store without allocating, happen when the chain
    // is complete.
    const auto parsed =
        brim::templates::ChatTemplate::parse(chain + "{{ 'text that is longer than a short string: ' ~ l }}");
    REQUIRE(parsed.ok());
    const brim::text::JsonTree variables = brim::test::tree_of(brim::test::sample_variables());
    const std::size_t before = brim::test::allocation_count();
    on_small_stack([&] { CHECK(parsed->render(variables, {}).ok()); });
    const auto all = static_cast<long>(brim::test::allocation_count() - before);
    if (all == 0) continue;  // not counted under this sanitizer
    bool failed = false;
    on_small_stack([&] {
      brim::test::fail_new(all - 4, true);
      try {
        failed = !parsed->render(variables, {}).ok();
      } catch (const std::bad_alloc&) {
        failed = true;
      }
      brim::test::new_failed();
    });
    CHECK(failed);
  }
}

TEST_CASE("a stack of 256 KiB is enough for whatever nests") {
  const std::string programs[] = {
      "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
      "{% macro m() %}{% if yes %}{% for i in [1] %}{% with a = 1 %}{{ m() ~ m() }}{% endwith %}{% endfor %}{% endif %}"
      "{% endmacro %}{{ m() }}",
      "{% macro m(x=m) %}{% set y %}{{ [{'a': x(x)}]|tojson }}{% endset %}{{ y }}{% endmacro %}{{ m(m) }}",
      "{% macro f() %}{{ caller() }}{% endmacro %}{% macro g() %}{% call f() %}{{ g() }}{% endcall %}{% endmacro %}{{ "
      "g() }}",
      "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
      "{% set ns = namespace(g=l) %}{% for i in range(9999) %}{% set ns.g = ns.g|map('string') %}{% endfor %}{{ "
      "ns.g|list }}",
      "{% set ns = namespace(g=l) %}{% for i in range(9999) %}{% set ns.g = ns.g|select('in', [1, 2, 3])|map('int') "
      "%}{% endfor %}"
      "{{ ns.g|sort }}",
      "{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}",
  };
  for (const std::string& program : programs) {
    CAPTURE(program);
    const std::string text = render_on_small_stack(program);
    CHECK_MESSAGE(text.find("error: ") == 0, text.substr(0, 200));
  }
  const std::string values =
      "{% set ns = namespace(v=[], w=[]) %}{% for i in range(9999) %}{% set ns.v = [ns.v] %}"
      "{% set ns.w = [ns.w] %}{% endfor %}";
  const std::string mappings =
      "{% set ns = namespace(v={}, w={}) %}{% for i in range(9999) %}{% set ns.v = {'a': ns.v} %}"
      "{% set ns.w = {'a': ns.w} %}{% endfor %}";
  for (const char* use : {"ns.v", "ns.v|tojson", "ns.v == ns.w", "ns.v|pprint", "ns.v|string", "'%r' % [ns.v]"}) {
    CAPTURE(use);
    CHECK(render_on_small_stack(values + "{{ " + use + " }}").find("recursion depth") != std::string::npos);
    CHECK(render_on_small_stack(mappings + "{{ " + use + " }}").find("recursion depth") != std::string::npos);
  }
  for (int depth : {20, 150, 190, 100000}) {
    for (const std::string& source :
         {"{{ " + times("(", depth) + "1" + times(")", depth) + " }}",
          "{{ " + times("[", depth) + times("]", depth) + " }}",
          "{{ " + times("{1: ", depth) + "1" + times("}", depth) + " }}", "{{ " + times("not ", depth) + "1 }}",
          "{{ " + times("-", depth) + "1 }}", "{{ " + times("1 if 0 else ", depth) + "1 }}",
          "{{ 1" + times(" + 1", depth) + " }}", "{{ l" + times("|list", depth) + " }}",
          "{{ x" + times(".upper()", depth) + " }}", "{{ l" + times("[:]", depth) + " }}",
          times("{% if yes %}", depth) + "x" + times("{% endif %}", depth),
          times("{% for i in [1] %}", depth) + "x" + times("{% endfor %}", depth),
          times("{% set a %}", depth) + "x" + times("{% endset %}", depth),
          times("{% filter upper %}", depth) + "x" + times("{% endfilter %}", depth),
          "{% set " + times("(", depth) + "a" + times(",)", depth) + " = l %}"}) {
      CAPTURE(source.substr(0, 60));
      CAPTURE(depth);
      const std::string text = render_on_small_stack(source);
      if (depth == 20)
        CHECK_MESSAGE((text.find("error: ") != 0 || text.find("unpack") != std::string::npos), text.substr(0, 200));
      if (depth == 100000) CHECK_MESSAGE(text.find("error: ") == 0, text.substr(0, 200));
    }
  }
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

TEST_CASE("working texts and copies count as memory, however they nest") {
  // Each level has its own text while the next one is created.
  std::string parts = "s";
  for (int i = 0; i < 25; ++i) parts = "(s ~ " + parts + ")|length ~ s";
  const std::string text = "{% set s = 'a' * 30000000 %}";
  CHECK(render(text + "{{ (" + parts + ")|length }}").find("memory") != std::string::npos);
  CHECK(render(text + "{% macro m(n) %}{{ s }}{{ m(n + 1)|length }}{% endmacro %}{{ m(0)|length }}").find("memory") !=
        std::string::npos);
  CHECK(render(text + "{% for i in [1] recursive %}{{ s }}{{ loop([1])|length }}{% endfor %}").find("memory") !=
        std::string::npos);
  CHECK(render(text + "{{ ('a,' * 20000000).split(',')|length }}").find("memory") != std::string::npos);
  CHECK(render("{{ (l * 3000000)|length }}{{ ((l * 2000000) + (l * 2000000))|length }}").find("memory") !=
        std::string::npos);
}

TEST_CASE("searching is linear in texts made to be slow") {
  CHECK(render("{% set s = 'a' * 1000000 %}{{ ('a' * 300000 ~ 'b') in s }}{{ s.count('a' * 1000 ~ 'b') }}"
               "{{ s.replace('a' * 1000 ~ 'b', 'x')|length }}") == "False01000000");
  CHECK(render("{% set s = 'a' * 5000000 %}{{ ('a' * 2500000 ~ 'b') in s }}{{ s.rfind('b' ~ 'a' * 2500000) }}"
               "{{ s.rsplit('b' ~ 'a' * 2500000)|length }}{{ s.strip('b' * 1000000 ~ 'a')|length }}") == "False-110");
  CHECK(render("{{ 'abcabab'.rfind('ab') }}{{ 'aaaa'.rsplit('aa') }}{{ 'xaxbx'.rsplit('x', 1) }}{{ 'abc'.rfind('') }}"
               "{{ 'äöä'.strip('äx') }}{{ 'éaé'.rpartition('é')|join('|') }}") ==
        "5['', '', '']['xaxb', '']3ö"
        "éa|é|");
}

TEST_CASE("one parsed template renders in several threads") {
  const auto parsed = brim::templates::ChatTemplate::parse(
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

TEST_CASE("text that is not UTF-8 becomes replacement characters") {
  CHECK(render("a\xFFz") == "a\xEF\xBF\xBDz");
  CHECK(render("{{ v }}{{ v|length }}", {{"v", "a\xC3z"}}) == "a\xEF\xBF\xBDz3");
}
