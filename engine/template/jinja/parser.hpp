// Tokens to tree: jinja2's grammar. One parser per source; expressions in parser_expressions.cpp, statements in
// parser_statements.cpp.
#pragma once

#include <initializer_list>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/template/jinja/ast.hpp"
#include "engine/template/jinja/lexer.hpp"

namespace brim::templates::jinja {

class Parser {
 public:
  /// `meter` counts the tokens that are taken, and may cancel; null: neither.
  explicit Parser(std::vector<Token> tokens, WorkMeter* meter = nullptr);
  /// Fails with TemplateFailure: unsupported for constructs this interpreter refuses, by name; cancelled.
  Tree parse();

 private:
  // ---- tokens
  const Token& current() const { return tokens_[position_]; }
  const Token& look() const { return tokens_[position_ + 1 < tokens_.size() ? position_ + 1 : position_]; }
  Token take();
  bool at_symbol(std::string_view text) const;
  bool at_name(std::string_view text) const;
  bool skip_symbol(std::string_view text);
  bool skip_name(std::string_view text);
  void expect_symbol(std::string_view text);
  void expect_block_end();
  std::string expect_name();
  [[noreturn]] void refuse(const std::string& what) const;
  NameId intern(const std::string& name);

  // ---- statements
  /// Up to one of `ends` (which stays current), or to the end of the source when there are none.
  Block parse_block(std::initializer_list<std::string_view> ends);
  /// Past "%}", the body, and up to one of `ends`.
  Block parse_body(std::initializer_list<std::string_view> ends);
  std::unique_ptr<Statement> parse_statement();
  std::unique_ptr<Statement> parse_if();
  std::unique_ptr<Statement> parse_for();
  std::unique_ptr<Statement> parse_set();
  std::unique_ptr<Statement> parse_macro();
  std::unique_ptr<Statement> parse_call();
  std::unique_ptr<Statement> parse_filter_block();
  std::unique_ptr<Statement> parse_with();
  std::unique_ptr<Statement> parse_named_block();
  std::unique_ptr<Statement> parse_scope(const std::string& tag);
  std::unique_ptr<Statement> parse_print();
  std::unique_ptr<Statement> parse_loop_control(StatementKind kind);
  void parse_parameters(Statement& macro);
  /// The body of a macro or call block: its own function, for loops and for the special variables it reads.
  Block parse_function_body(Statement& macro, std::string_view end);
  Target parse_target(bool with_namespace, std::string_view end_name);
  Target parse_target_item();

  // ---- expressions
  ExpressionPtr parse_expression(bool with_condition = true);
  ExpressionPtr parse_tuple(bool with_condition, std::string_view end_name = {}, bool parentheses = false);
  bool at_tuple_end(std::string_view end_name) const;
  ExpressionPtr parse_condition();
  ExpressionPtr parse_or();
  ExpressionPtr parse_and();
  ExpressionPtr parse_not();
  ExpressionPtr parse_compare();
  ExpressionPtr parse_sum();
  ExpressionPtr parse_concatenation();
  ExpressionPtr parse_product();
  ExpressionPtr parse_power();
  ExpressionPtr parse_unary(bool with_filter = true);
  ExpressionPtr parse_primary();
  ExpressionPtr parse_list();
  ExpressionPtr parse_dict();
  ExpressionPtr parse_postfix(ExpressionPtr node);
  ExpressionPtr parse_filters_and_tests(ExpressionPtr node);
  ExpressionPtr parse_subscript(ExpressionPtr node);
  ExpressionPtr parse_call_of(ExpressionPtr node);
  Arguments parse_arguments();
  ExpressionPtr parse_filter(ExpressionPtr node, bool first_without_pipe);
  ExpressionPtr parse_test(ExpressionPtr node);

  ExpressionPtr make(ExpressionKind kind, int line) const;
  /// Adds an operand (or argument) and keeps the depth; fails when the tree gets too deep.
  void add(Expression& node, ExpressionPtr operand) const;
  void count_depth(Expression& node, const ExpressionPtr& part) const;

  /// One level of recursion of the parser itself.
  struct Level {
    explicit Level(Parser& owner);
    ~Level() { --parser.level_; }
    Parser& parser;
  };

  /// What the macro being parsed reads of the variables that macros get unasked.
  struct FunctionReads {
    bool caller = false, varargs = false, kwargs = false;
  };

  std::vector<Token> tokens_;
  WorkMeter* meter_;
  std::size_t position_ = 0;
  StackDepth stack_{kMaxStackBytes};
  int level_ = 0;
  int loops_ = 0;        ///< `for` bodies around this point, within the same function
  int loop_bodies_ = 0;  ///< `for` bodies around this point, anywhere
  bool soft_ = false;    ///< inside an `if`: unknown filters fail when reached, not at parsing
  std::vector<std::pair<int, std::string>> unknown_;  ///< unknown filters and tests outside any `if`: line and name
  std::vector<FunctionReads> functions_;
  std::set<std::string, std::less<>> block_names_;
  std::vector<std::string> names_;
  std::map<std::string, NameId, std::less<>> ids_;
};

}  // namespace brim::templates::jinja
