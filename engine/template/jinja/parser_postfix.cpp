// What may follow an operand (parser.hpp): attributes, subscripts, calls, filters and tests.
#include "engine/template/jinja/builtins.hpp"
#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/parser.hpp"

namespace brim::templates::jinja {

ExpressionPtr Parser::parse_postfix(ExpressionPtr node) {
  while (true) {
    if (at_symbol(".") || at_symbol("[")) {
      node = parse_subscript(std::move(node));
    } else if (at_symbol("(")) {
      node = parse_call_of(std::move(node));
    } else {
      return node;
    }
  }
}

ExpressionPtr Parser::parse_filters_and_tests(ExpressionPtr node) {
  while (true) {
    if (at_symbol("|")) {
      node = parse_filter(std::move(node), false);
    } else if (at_name("is")) {
      node = parse_test(std::move(node));
    } else if (at_symbol("(")) {
      node = parse_call_of(std::move(node));
    } else {
      return node;
    }
  }
}

ExpressionPtr Parser::parse_subscript(ExpressionPtr owner) {
  const Token token = take();
  if (token.text == ".") {
    if (current().kind == TokenKind::name) {
      auto node = make(ExpressionKind::attribute, token.line);
      node->name = take().text;
      add(*node, std::move(owner));
      return node;
    }
    if (current().kind != TokenKind::integer) refuse("expected a name or a number after '.'");
    auto node = make(ExpressionKind::item, token.line);
    auto index = make(ExpressionKind::literal, token.line);
    index->value = take().number;
    add(*node, std::move(owner));
    add(*node, std::move(index));
    return node;
  }
  // [index], [index, index, …] or [start:stop:step]
  std::vector<ExpressionPtr> parts;
  bool sliced = false;
  const auto part = [&]() -> ExpressionPtr {
    return at_symbol(":") || at_symbol("]") || at_symbol(",") ? nullptr : parse_expression();
  };
  ExpressionPtr start = part();
  if (at_symbol(":")) {
    sliced = true;
    take();
    parts.push_back(std::move(start));
    parts.push_back(part());
    parts.push_back(skip_symbol(":") ? part() : nullptr);
    if (at_symbol(",")) refuse("a slice cannot be part of a tuple");
    expect_symbol("]");
  }
  auto node = make(sliced ? ExpressionKind::slice : ExpressionKind::item, token.line);
  add(*node, std::move(owner));
  if (sliced) {
    for (ExpressionPtr& operand : parts) add(*node, std::move(operand));
    return node;
  }
  ExpressionPtr index = std::move(start);
  if (!index || at_symbol(",")) {
    auto tuple = make(ExpressionKind::tuple, token.line);
    if (index) add(*tuple, std::move(index));
    while (!at_symbol("]")) {
      expect_symbol(",");
      add(*tuple, parse_expression());
      if (at_symbol(":")) refuse("a slice cannot be part of a tuple");
    }
    index = std::move(tuple);
  }
  expect_symbol("]");
  add(*node, std::move(index));
  return node;
}

ExpressionPtr Parser::parse_call_of(ExpressionPtr callee) {
  auto node = make(ExpressionKind::call, current().line);
  add(*node, std::move(callee));
  node->arguments = parse_arguments();
  for (const ExpressionPtr& argument : node->arguments.positional) count_depth(*node, argument);
  for (const auto& [name, argument] : node->arguments.named) count_depth(*node, argument);
  return node;
}

Arguments Parser::parse_arguments() {
  Arguments arguments;
  const auto ensure = [&](bool allowed) {
    if (!allowed) refuse("invalid order of arguments in a call");
  };
  expect_symbol("(");
  std::set<std::string, std::less<>> given;
  bool first = true;
  while (!at_symbol(")")) {
    if (!first) {
      expect_symbol(",");
      if (at_symbol(")")) break;
    }
    first = false;
    if (at_symbol("*")) {
      ensure(!arguments.spread && !arguments.spread_named);
      take();
      arguments.spread = parse_expression();
    } else if (at_symbol("**")) {
      ensure(!arguments.spread_named);
      take();
      arguments.spread_named = parse_expression();
    } else if (current().kind == TokenKind::name && look().kind == TokenKind::symbol && look().text == "=") {
      ensure(!arguments.spread_named);
      const std::string name = take().text;
      take();
      if (!given.insert(name).second) refuse("the argument '" + name + "' is given twice");
      arguments.named.emplace_back(name, parse_expression());
    } else {
      ensure(!arguments.spread && !arguments.spread_named && arguments.named.empty());
      arguments.positional.push_back(parse_expression());
    }
  }
  expect_symbol(")");
  return arguments;
}

ExpressionPtr Parser::parse_filter(ExpressionPtr input, bool first_without_pipe) {
  while (first_without_pipe || at_symbol("|")) {
    if (!first_without_pipe) take();
    first_without_pipe = false;
    auto node = make(ExpressionKind::filter, current().line);
    node->name = expect_name();
    while (skip_symbol(".")) node->name += "." + expect_name();
    add(*node, std::move(input));
    if (at_symbol("(")) node->arguments = parse_arguments();
    for (const ExpressionPtr& argument : node->arguments.positional) count_depth(*node, argument);
    for (const auto& [name, argument] : node->arguments.named) count_depth(*node, argument);
    node->builtin = find_filter(node->name);
    if (node->builtin == nullptr && !soft_) unknown_.push_back({node->line, "the filter '" + node->name + "'"});
    input = std::move(node);
  }
  return input;
}

ExpressionPtr Parser::parse_test(ExpressionPtr subject) {
  const int line = take().line;
  const bool negated = skip_name("not");
  auto node = make(ExpressionKind::test, line);
  node->name = expect_name();
  while (skip_symbol(".")) node->name += "." + expect_name();
  add(*node, std::move(subject));
  const TokenKind kind = current().kind;
  const bool argument_follows = kind == TokenKind::name || kind == TokenKind::string || kind == TokenKind::integer ||
                                kind == TokenKind::real || at_symbol("[") || at_symbol("{");
  if (at_symbol("(")) {
    node->arguments = parse_arguments();
  } else if (argument_follows && !at_name("else") && !at_name("or") && !at_name("and")) {
    if (at_name("is")) refuse("tests cannot be chained with 'is'");
    node->arguments.positional.push_back(parse_postfix(parse_primary()));
  }
  for (const ExpressionPtr& argument : node->arguments.positional) count_depth(*node, argument);
  for (const auto& [name, argument] : node->arguments.named) count_depth(*node, argument);
  node->builtin = find_test(node->name);
  if (node->builtin == nullptr && !soft_) unknown_.push_back({line, "the test '" + node->name + "'"});
  if (!negated) return node;
  auto inverse = make(ExpressionKind::logical_not, line);
  add(*inverse, std::move(node));
  return inverse;
}

}  // namespace brim::templates::jinja
