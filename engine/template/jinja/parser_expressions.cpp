// The expression half of parser.hpp. The order of the functions is jinja2's precedence, loosest first.
#include <algorithm>

#include "engine/template/jinja/builtins.hpp"
#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/parser.hpp"

namespace brim::templates::jinja {
namespace {

std::string shown(const Token& token) {
  switch (token.kind) {
    case TokenKind::end:
      return "the end of the template";
    case TokenKind::block_end:
      return "'%}'";
    case TokenKind::variable_end:
      return "'}}'";
    case TokenKind::block_begin:
      return "'{%'";
    case TokenKind::variable_begin:
      return "'{{'";
    case TokenKind::data:
      return "text";
    case TokenKind::string:
      return "a string";
    case TokenKind::integer:
    case TokenKind::real:
      return "a number";
    case TokenKind::name:
    case TokenKind::symbol:
      break;
  }
  return "'" + token.text + "'";
}

}  // namespace

Parser::Level::Level(Parser& owner) : parser(owner) {
  if (parser.level_ >= kMaxParseDepth || parser.stack_.exceeded()) {
    parser.refuse("nested more than " + std::to_string(parser.level_) + " levels deep");
  }
  ++parser.level_;
}

Parser::Parser(std::vector<Token> tokens, WorkMeter* meter) : tokens_(std::move(tokens)), meter_(meter) {
  for (const char* name : {"loop", "caller", "varargs", "kwargs"}) intern(name);
}

Token Parser::take() {
  constexpr std::int64_t kUnits = 8;  // a token becomes about one node of the tree
  charge(meter_, kUnits);
  const Token& token = tokens_[position_];
  if (position_ + 1 < tokens_.size()) ++position_;
  return token;
}

bool Parser::at_symbol(std::string_view text) const {
  return current().kind == TokenKind::symbol && current().text == text;
}
bool Parser::at_name(std::string_view text) const {
  return current().kind == TokenKind::name && current().text == text;
}

bool Parser::skip_symbol(std::string_view text) {
  if (!at_symbol(text)) return false;
  take();
  return true;
}

bool Parser::skip_name(std::string_view text) {
  if (!at_name(text)) return false;
  take();
  return true;
}

void Parser::expect_symbol(std::string_view text) {
  if (!skip_symbol(text)) refuse("expected '" + std::string(text) + "', found " + shown(current()));
}

void Parser::expect_block_end() {
  if (current().kind != TokenKind::block_end) refuse("expected '%}', found " + shown(current()));
  take();
}

std::string Parser::expect_name() {
  if (current().kind != TokenKind::name) refuse("expected a name, found " + shown(current()));
  return take().text;
}

void Parser::refuse(const std::string& what) const {
  throw TemplateFailure{ErrorCode::invalid_argument, what, current().line, current().column};
}

NameId Parser::intern(const std::string& name) {
  const auto [entry, is_new] = ids_.try_emplace(name, static_cast<NameId>(names_.size()));
  if (is_new) names_.push_back(name);
  return entry->second;
}

ExpressionPtr Parser::make(ExpressionKind kind, int line) const {
  auto node = std::make_unique<Expression>();
  node->kind = kind;
  node->line = line;
  return node;
}

void Parser::count_depth(Expression& node, const ExpressionPtr& part) const {
  if (part) node.depth = std::max(node.depth, part->depth + 1);
  if (node.depth > kMaxParseDepth * 2)
    refuse("an expression nests more than " + std::to_string(kMaxParseDepth * 2) + " levels deep");
}

void Parser::add(Expression& node, ExpressionPtr operand) const {
  count_depth(node, operand);
  node.operands.push_back(std::move(operand));
}

ExpressionPtr Parser::parse_expression(bool with_condition) { return with_condition ? parse_condition() : parse_or(); }

bool Parser::at_tuple_end(std::string_view end_name) const {
  const TokenKind kind = current().kind;
  return kind == TokenKind::variable_end || kind == TokenKind::block_end || at_symbol(")") ||
         (!end_name.empty() && at_name(end_name));
}

ExpressionPtr Parser::parse_tuple(bool with_condition, std::string_view end_name, bool parentheses) {
  const int line = current().line;
  ExpressionPtr first;
  ExpressionPtr tuple;
  if (!at_tuple_end(end_name)) first = parse_expression(with_condition);
  while (at_symbol(",") && (first || tuple)) {
    take();
    if (!tuple) {
      tuple = make(ExpressionKind::tuple, line);
      add(*tuple, std::move(first));
    }
    if (at_tuple_end(end_name)) break;
    add(*tuple, parse_expression(with_condition));
  }
  if (tuple) return tuple;
  if (first) return first;
  if (!parentheses) refuse("expected an expression, found " + shown(current()));
  return make(ExpressionKind::tuple, line);
}

ExpressionPtr Parser::parse_condition() {
  const Level level(*this);
  int line = current().line;
  const std::size_t unknown_before = unknown_.size();
  ExpressionPtr chosen = parse_or();
  while (skip_name("if")) {
    auto node = make(ExpressionKind::conditional, line);
    add(*node, parse_or());
    add(*node, std::move(chosen));
    add(*node, skip_name("else") ? parse_condition() : nullptr);
    unknown_.resize(unknown_before);  // in an inline `if` an unknown filter fails only when it is reached
    chosen = std::move(node);
    line = current().line;
  }
  return chosen;
}

ExpressionPtr Parser::parse_or() {
  ExpressionPtr left = parse_and();
  while (at_name("or")) {
    auto node = make(ExpressionKind::logical_or, take().line);
    add(*node, std::move(left));
    add(*node, parse_and());
    left = std::move(node);
  }
  return left;
}

ExpressionPtr Parser::parse_and() {
  ExpressionPtr left = parse_not();
  while (at_name("and")) {
    auto node = make(ExpressionKind::logical_and, take().line);
    add(*node, std::move(left));
    add(*node, parse_not());
    left = std::move(node);
  }
  return left;
}

ExpressionPtr Parser::parse_not() {
  if (!at_name("not")) return parse_compare();
  const Level level(*this);
  auto node = make(ExpressionKind::logical_not, take().line);
  add(*node, parse_not());
  return node;
}

ExpressionPtr Parser::parse_compare() {
  static constexpr std::pair<std::string_view, Comparison> symbols[] = {
      {"==", Comparison::equal},         {"!=", Comparison::not_equal}, {"<", Comparison::less},
      {"<=", Comparison::less_or_equal}, {">", Comparison::greater},    {">=", Comparison::greater_or_equal}};
  auto node = make(ExpressionKind::compare, current().line);
  ExpressionPtr first = parse_sum();
  while (true) {
    const auto* found = std::find_if(std::begin(symbols), std::end(symbols),
                                     [&](const auto& symbol) { return at_symbol(symbol.first); });
    Comparison comparison = Comparison::in;
    if (found != std::end(symbols)) {
      comparison = found->second;
      take();
    } else if (at_name("not") && look().kind == TokenKind::name && look().text == "in") {
      comparison = Comparison::not_in;
      take();
      take();
    } else if (!skip_name("in")) {
      break;
    }
    if (first) add(*node, std::move(first));
    node->comparisons.push_back(comparison);
    add(*node, parse_sum());
  }
  return first ? std::move(first) : std::move(node);
}

ExpressionPtr Parser::parse_sum() {
  ExpressionPtr left = parse_concatenation();
  while (at_symbol("+") || at_symbol("-")) {
    const Token token = take();
    auto node = make(ExpressionKind::arithmetic, token.line);
    node->operation = token.text == "+" ? Arithmetic::add : Arithmetic::subtract;
    add(*node, std::move(left));
    add(*node, parse_concatenation());
    left = std::move(node);
  }
  return left;
}

ExpressionPtr Parser::parse_concatenation() {
  const int line = current().line;
  ExpressionPtr first = parse_product();
  if (!at_symbol("~")) return first;
  auto node = make(ExpressionKind::concatenate, line);
  add(*node, std::move(first));
  while (skip_symbol("~")) add(*node, parse_product());
  return node;
}

ExpressionPtr Parser::parse_product() {
  static constexpr std::pair<std::string_view, Arithmetic> symbols[] = {{"*", Arithmetic::multiply},
                                                                        {"/", Arithmetic::divide},
                                                                        {"//", Arithmetic::floor_divide},
                                                                        {"%", Arithmetic::modulo}};
  ExpressionPtr left = parse_power();
  while (true) {
    const auto* found = std::find_if(std::begin(symbols), std::end(symbols),
                                     [&](const auto& symbol) { return at_symbol(symbol.first); });
    if (found == std::end(symbols)) return left;
    auto node = make(ExpressionKind::arithmetic, take().line);
    node->operation = found->second;
    add(*node, std::move(left));
    add(*node, parse_power());
    left = std::move(node);
  }
}

ExpressionPtr Parser::parse_power() {
  ExpressionPtr left = parse_unary();
  while (at_symbol("**")) {
    auto node = make(ExpressionKind::arithmetic, take().line);
    node->operation = Arithmetic::power;
    add(*node, std::move(left));
    add(*node, parse_unary());
    left = std::move(node);
  }
  return left;
}

ExpressionPtr Parser::parse_unary(bool with_filter) {
  const Level level(*this);
  ExpressionPtr node;
  if (at_symbol("-") || at_symbol("+")) {
    const Token token = take();
    node = make(token.text == "-" ? ExpressionKind::negate : ExpressionKind::plus, token.line);
    add(*node, parse_unary(false));
  } else {
    node = parse_primary();
  }
  node = parse_postfix(std::move(node));
  return with_filter ? parse_filters_and_tests(std::move(node)) : std::move(node);
}

ExpressionPtr Parser::parse_primary() {
  const Token& token = current();
  auto node = make(ExpressionKind::literal, token.line);
  if (token.kind == TokenKind::name) {
    const std::string name = take().text;
    if (name == "true" || name == "True" || name == "false" || name == "False") {
      node->value = Value::boolean(name == "true" || name == "True");
    } else if (name != "none" && name != "None") {
      if (name == "self" || name == "super")
        unsupported_at(node->line, "'", name, "' (blocks by name) is not supported");
      node->kind = ExpressionKind::name;
      node->name = name;
      node->name_id = intern(name);
      for (FunctionReads& reads : functions_) {
        reads.caller |= node->name_id == kCallerName;
        reads.varargs |= node->name_id == kVarargsName;
        reads.kwargs |= node->name_id == kKwargsName;
      }
    }
    return node;
  }
  if (token.kind == TokenKind::string) {
    String text;
    while (current().kind == TokenKind::string) text += take().text;
    node->value = Value::text(std::move(text));
    return node;
  }
  if (token.kind == TokenKind::integer || token.kind == TokenKind::real) {
    node->value = take().number;
    return node;
  }
  if (skip_symbol("(")) {
    node = parse_tuple(true, {}, true);
    expect_symbol(")");
    return node;
  }
  if (at_symbol("[")) return parse_list();
  if (at_symbol("{")) return parse_dict();
  refuse("expected an expression, found " + shown(token));
}

ExpressionPtr Parser::parse_list() {
  auto node = make(ExpressionKind::list, take().line);
  while (!at_symbol("]")) {
    if (!node->operands.empty()) expect_symbol(",");
    if (at_symbol("]")) break;
    add(*node, parse_expression());
  }
  expect_symbol("]");
  return node;
}

ExpressionPtr Parser::parse_dict() {
  auto node = make(ExpressionKind::dict, take().line);
  while (!at_symbol("}")) {
    if (!node->operands.empty()) expect_symbol(",");
    if (at_symbol("}")) break;
    add(*node, parse_expression());
    expect_symbol(":");
    add(*node, parse_expression());
  }
  expect_symbol("}");
  return node;
}

}  // namespace brim::templates::jinja
