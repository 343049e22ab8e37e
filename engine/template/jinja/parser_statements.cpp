// The statement half of parser.hpp.
#include <algorithm>
#include <utility>

#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/parser.hpp"

namespace brim::templates::jinja {
namespace {

std::unique_ptr<Statement> make_statement(StatementKind kind, int line) {
  auto node = std::make_unique<Statement>();
  node->kind = kind;
  node->line = line;
  return node;
}

bool is_constant_name(std::string_view name) {
  return name == "true" || name == "True" || name == "false" || name == "False" || name == "none" || name == "None";
}

constexpr std::string_view kEndings[] = {"endif",         "elif",          "else",      "endfor",  "endset",
                                         "endmacro",      "endcall",       "endfilter", "endwith", "endblock",
                                         "endgeneration", "endautoescape", "endraw"};

}  // namespace

Tree Parser::parse() {
  Tree tree;
  tree.body = parse_block({});
  if (!unknown_.empty()) unsupported_at(unknown_.front().first, unknown_.front().second, " is not supported");
  tree.names = std::move(names_);
  return tree;
}

Block Parser::parse_block(std::initializer_list<std::string_view> ends) {
  const Level level(*this);
  Block block;
  const auto output = [&]() -> Statement& {
    if (block.empty() || block.back()->kind != StatementKind::output) {
      block.push_back(make_statement(StatementKind::output, current().line));
    }
    return *block.back();
  };
  while (current().kind != TokenKind::end) {
    switch (current().kind) {
      case TokenKind::data:
        block.push_back(make_statement(StatementKind::text, current().line));
        block.back()->text = take().text;
        break;
      case TokenKind::variable_begin:
        take();
        output().expressions.push_back(parse_tuple(true));
        if (current().kind != TokenKind::variable_end) refuse("expected '}}' at the end of an expression");
        take();
        break;
      case TokenKind::block_begin:
        take();
        if (std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return at_name(end); })) return block;
        block.push_back(parse_statement());
        expect_block_end();
        break;
      default:
        refuse("unexpected token outside a tag");
    }
  }
  if (ends.size() != 0) {
    std::string wanted;
    for (const std::string_view end : ends) wanted += (wanted.empty() ? "'" : " or '") + std::string(end) + "'";
    refuse("unexpected end of the template, expected " + wanted);
  }
  return block;
}

Block Parser::parse_body(std::initializer_list<std::string_view> ends) {
  skip_symbol(":");
  expect_block_end();
  return parse_block(ends);
}

std::unique_ptr<Statement> Parser::parse_statement() {
  if (current().kind != TokenKind::name) refuse("expected the name of a statement after '{%'");
  const std::string tag = current().text;
  const int line = current().line;
  if (tag == "if") return parse_if();
  if (tag == "for") return parse_for();
  if (tag == "set") return parse_set();
  if (tag == "macro") return parse_macro();
  if (tag == "call") return parse_call();
  if (tag == "filter") return parse_filter_block();
  if (tag == "with") return parse_with();
  if (tag == "block") return parse_named_block();
  if (tag == "generation" || tag == "autoescape") return parse_scope(tag);
  if (tag == "print") return parse_print();
  if (tag == "break") return parse_loop_control(StatementKind::break_);
  if (tag == "continue") return parse_loop_control(StatementKind::continue_);
  if (std::find(std::begin(kEndings), std::end(kEndings), tag) != std::end(kEndings)) {
    refuse("'" + tag + "' does not close anything that is open here");
  }
  unsupported_at(line, "the statement '", tag, "' is not supported");
}

std::unique_ptr<Statement> Parser::parse_if() {
  auto node = make_statement(StatementKind::if_, take().line);
  const bool was_soft = std::exchange(soft_, true);
  while (true) {
    node->expressions.push_back(parse_tuple(false));
    node->branches.push_back(parse_body({"elif", "else", "endif"}));
    const std::string tag = take().text;
    if (tag == "elif") continue;
    if (tag == "else") {
      node->branches.push_back(parse_body({"endif"}));
      take();
    }
    break;
  }
  soft_ = was_soft;
  return node;
}

std::unique_ptr<Statement> Parser::parse_for() {
  auto node = make_statement(StatementKind::for_, take().line);
  node->target = parse_target(false, "in");
  if (!skip_name("in")) refuse("expected 'in' after the target of a 'for'");
  node->expressions.push_back(parse_tuple(false, "recursive"));
  const bool was_soft = std::exchange(soft_, false);
  node->expressions.push_back(skip_name("if") ? parse_expression() : nullptr);
  node->recursive = skip_name("recursive");
  ++loops_;
  ++loop_bodies_;
  node->branches.push_back(parse_body({"endfor", "else"}));
  --loops_;
  --loop_bodies_;
  if (take().text == "else") {
    node->branches.push_back(parse_body({"endfor"}));
    take();
  }
  soft_ = was_soft;
  return node;
}

std::unique_ptr<Statement> Parser::parse_set() {
  auto node = make_statement(StatementKind::set, take().line);
  node->target = parse_target(true, {});
  if (skip_symbol("=")) {
    node->expressions.push_back(parse_tuple(true));
    return node;
  }
  node->kind = StatementKind::set_block;
  const bool was_soft = std::exchange(soft_, false);
  node->expressions.push_back(parse_filter(nullptr, false));
  node->branches.push_back(parse_body({"endset"}));
  take();
  soft_ = was_soft;
  return node;
}

void Parser::parse_parameters(Statement& macro) {
  expect_symbol("(");
  std::set<NameId> given;
  while (!at_symbol(")")) {
    if (!macro.parameters.empty()) expect_symbol(",");
    Parameter parameter;
    parameter.name = expect_name();
    if (is_constant_name(parameter.name)) refuse("'" + parameter.name + "' cannot be a parameter");
    parameter.name_id = intern(parameter.name);
    if (!given.insert(parameter.name_id).second) refuse("the parameter '" + parameter.name + "' is given twice");
    if (skip_symbol("=")) {
      parameter.default_value = parse_expression();
    } else if (!macro.parameters.empty() && macro.parameters.back().default_value) {
      refuse("a parameter without default follows one with a default");
    }
    macro.parameters.push_back(std::move(parameter));
  }
  expect_symbol(")");
}

Block Parser::parse_function_body(Statement& macro, std::string_view end) {
  functions_.emplace_back();
  const int loops = std::exchange(loops_, 0);
  const bool was_soft = std::exchange(soft_, false);
  Block body = parse_body({end});
  take();
  soft_ = was_soft;
  loops_ = loops;
  const FunctionReads reads = functions_.back();
  functions_.pop_back();
  const auto is_parameter = [&](NameId id) {
    return std::any_of(macro.parameters.begin(), macro.parameters.end(),
                       [&](const Parameter& p) { return p.name_id == id; });
  };
  for (const Parameter& parameter : macro.parameters) {
    if (parameter.name_id == kCallerName && reads.caller && !parameter.default_value) {
      refuse("the parameter 'caller' needs a default");
    }
  }
  macro.takes_caller = reads.caller && !is_parameter(kCallerName);
  macro.takes_varargs = reads.varargs && !is_parameter(kVarargsName);
  macro.takes_kwargs = reads.kwargs && !is_parameter(kKwargsName);
  return body;
}

std::unique_ptr<Statement> Parser::parse_macro() {
  auto node = make_statement(StatementKind::macro, take().line);
  node->name = expect_name();
  if (is_constant_name(node->name)) refuse("'" + node->name + "' cannot name a macro");
  node->name_id = intern(node->name);
  parse_parameters(*node);
  node->branches.push_back(parse_function_body(*node, "endmacro"));
  return node;
}

std::unique_ptr<Statement> Parser::parse_call() {
  auto node = make_statement(StatementKind::call, take().line);
  if (at_symbol("(")) parse_parameters(*node);
  node->expressions.push_back(parse_expression());
  if (node->expressions[0]->kind != ExpressionKind::call) refuse("expected a call after 'call'");
  node->branches.push_back(parse_function_body(*node, "endcall"));
  return node;
}

std::unique_ptr<Statement> Parser::parse_filter_block() {
  auto node = make_statement(StatementKind::filter_block, take().line);
  const bool was_soft = std::exchange(soft_, false);
  node->expressions.push_back(parse_filter(nullptr, true));
  node->branches.push_back(parse_body({"endfilter"}));
  take();
  soft_ = was_soft;
  return node;
}

std::unique_ptr<Statement> Parser::parse_with() {
  auto node = make_statement(StatementKind::with, take().line);
  const bool was_soft = std::exchange(soft_, false);
  while (current().kind != TokenKind::block_end) {
    if (!node->parameters.empty()) expect_symbol(",");
    Parameter variable;
    variable.name = expect_name();
    if (is_constant_name(variable.name)) refuse("'" + variable.name + "' cannot be assigned");
    variable.name_id = intern(variable.name);
    expect_symbol("=");
    variable.default_value = parse_expression();
    node->parameters.push_back(std::move(variable));
  }
  node->branches.push_back(parse_body({"endwith"}));
  take();
  soft_ = was_soft;
  return node;
}

std::unique_ptr<Statement> Parser::parse_named_block() {
  auto node = make_statement(StatementKind::block, take().line);
  node->name = expect_name();
  node->scoped = skip_name("scoped");
  if (at_name("required")) unsupported_at(node->line, "'required' blocks are not supported");
  if (!block_names_.insert(node->name).second) refuse("the block '" + node->name + "' is defined twice");
  const int loops = std::exchange(loops_, 0);
  const bool was_soft = std::exchange(soft_, false);
  node->branches.push_back(parse_body({"endblock"}));
  take();
  skip_name(node->name);
  soft_ = was_soft;
  loops_ = loops;
  return node;
}

std::unique_ptr<Statement> Parser::parse_scope(const std::string& tag) {
  auto node = make_statement(StatementKind::scope, take().line);
  if (tag == "autoescape") {
    // Prompts are not HTML: the only supported setting is escaping off, which is the default anyway.
    const auto option = parse_expression();
    if (option->kind != ExpressionKind::literal || !option->value.is_boolean() || option->value.as_boolean()) {
      unsupported_at(node->line, "the statement 'autoescape' is not supported");
    }
    node->branches.push_back(parse_body({"endautoescape"}));
    take();
    return node;
  }
  node->branches.push_back(parse_function_body(*node, "endgeneration"));
  return node;
}

std::unique_ptr<Statement> Parser::parse_print() {
  auto node = make_statement(StatementKind::output, take().line);
  while (current().kind != TokenKind::block_end) {
    if (!node->expressions.empty()) expect_symbol(",");
    node->expressions.push_back(parse_expression());
  }
  return node;
}

std::unique_ptr<Statement> Parser::parse_loop_control(StatementKind kind) {
  if (loops_ == 0) refuse("'" + current().text + "' outside a loop");
  return make_statement(kind, take().line);
}

Target Parser::parse_target_item() {
  Target target;
  if (skip_symbol("(")) {
    target = parse_target(false, {});
    expect_symbol(")");
    return target;
  }
  target.name = current().kind == TokenKind::name ? current().text : std::string();
  if (target.name.empty() || is_constant_name(target.name)) refuse("cannot assign to this");
  take();
  target.name_id = intern(target.name);
  return target;
}

Target Parser::parse_target(bool with_namespace, std::string_view end_name) {
  const Level level(*this);
  if (with_namespace && look().kind == TokenKind::symbol && look().text == ".") {
    Target target;
    target.kind = Target::Kind::attribute;
    target.name = expect_name();
    target.name_id = intern(target.name);
    take();
    target.attribute = expect_name();
    return target;
  }
  Target target = parse_target_item();
  if (at_symbol(",")) {
    Target tuple;
    tuple.kind = Target::Kind::tuple;
    tuple.items.push_back(std::move(target));
    while (skip_symbol(",")) {
      if (at_tuple_end(end_name) || at_symbol("=")) break;
      tuple.items.push_back(parse_target_item());
    }
    target = std::move(tuple);
  }
  const bool for_target = !end_name.empty();
  const auto names_loop = [](const Target& item) {
    return item.kind == Target::Kind::name && item.name_id == kLoopName;
  };
  if ((for_target || loop_bodies_ > 0) &&
      (names_loop(target) || std::any_of(target.items.begin(), target.items.end(), names_loop))) {
    refuse("cannot assign to the special variable 'loop' of a loop");
  }
  return target;
}

}  // namespace brim::templates::jinja
