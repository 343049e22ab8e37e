// See lexer.hpp.
#include "engine/template/jinja/lexer.hpp"

#include <algorithm>
#include <array>

#include "engine/base/quote.hpp"
#include "engine/template/jinja/code_points.hpp"
#include "engine/template/jinja/failure.hpp"

namespace brim::templates::jinja {
namespace {

// "\r\n" and "\r" become "\n"; one newline at the very end goes.
std::string normal_lines(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      out += source[i];
    } else {
      out += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    }
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

constexpr std::size_t kBytesPerUnit = 16;  // of work
constexpr std::size_t kRange = 64 << 10;   // bytes between two looks at the meter

bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
 public:
  Lexer(std::string_view source, WorkMeter* meter) : source_(normal_lines(source)), meter_(meter) {}

  std::vector<Token> run() {
    while (position_ < source_.size()) root();
    push(TokenKind::end, {});
    return std::move(tokens_);
  }

 private:
  // ---- positions

  void advance(std::size_t to) {
    while (position_ < to) {
      const std::size_t part = std::min(to - position_, kRange);
      charge(meter_, 1 + static_cast<std::int64_t>(part / kBytesPerUnit));
      for (const std::size_t end = position_ + part; position_ < end; ++position_) {
        if (source_[position_] == '\n') {
          ++line_;
          column_ = 1;
        } else {
          column_ += (static_cast<unsigned char>(source_[position_]) & 0xC0) != 0x80;
        }
      }
    }
  }

  std::string_view view() const { return source_; }
  bool starts_with(std::size_t at, std::string_view text) const { return view().substr(at, text.size()) == text; }
  std::size_t skip_space(std::size_t at) const { return source_.size() - strip_left(view().substr(at)).size(); }

  [[noreturn]] void refuse(const std::string& what) const {
    throw TemplateFailure{ErrorCode::invalid_argument, what, line_, column_};
  }

  void push(TokenKind kind, std::string text) {
    if (tokens_.size() >= kMaxTokens) {
      refuse("the template has more than " + std::to_string(kMaxTokens) + " names, numbers, signs and pieces of text");
    }
    Token token;
    token.kind = kind;
    token.line = line_;
    token.column = column_;
    token.text = std::move(text);
    tokens_.push_back(std::move(token));
  }

  // ---- text between tags

  // Text up to the next tag, cut by the tag's sign: '-' strips all white space, nothing strips the blanks that stand
  // alone before a block or comment on its line, '+' keeps them.
  void push_data(std::size_t end, char sign, bool strip_line) {
    std::string_view text = view().substr(position_, end - position_);
    if (sign == '-') {
      text = strip_right(text);
    } else if (sign != '+' && strip_line) {
      const std::size_t newline = text.rfind('\n');
      const std::size_t start = newline == std::string_view::npos ? 0 : newline + 1;
      if ((start > 0 || line_starting_) && start < text.size() && strip(text.substr(start)).empty()) {
        text = text.substr(0, start);
      }
    }
    if (!text.empty()) push(TokenKind::data, std::string(text));
    advance(end);
  }

  static char sign_at(std::string_view text, std::size_t at) {
    return at < text.size() && (text[at] == '-' || text[at] == '+') ? text[at] : '\0';
  }

  void root() {
    std::size_t tag = position_;
    while (true) {
      tag = source_.find('{', tag);
      if (tag == std::string::npos || tag + 1 >= source_.size()) {
        push(TokenKind::data, source_.substr(position_));
        advance(source_.size());
        return;
      }
      const char second = source_[tag + 1];
      if (second == '{' || second == '%' || second == '#') break;
      ++tag;
    }
    const char second = source_[tag + 1];
    const char sign = sign_at(source_, tag + 2);
    if (second == '%') {
      if (const std::size_t raw_end = raw_begin(tag); raw_end != 0) {
        push_data(tag, sign, true);
        advance(raw_end);
        line_starting_ = source_[raw_end - 1] == '\n';
        raw();
        return;
      }
    }
    push_data(tag, sign, second != '{');
    const std::size_t inside = tag + 2 + (sign != '\0');
    if (second == '#') {
      comment(inside);
      return;
    }
    push(second == '{' ? TokenKind::variable_begin : TokenKind::block_begin, {});
    advance(inside);
    tag_body(second == '{');
  }

  // Past `{% raw %}` at `tag`, or 0 when something else stands there.
  std::size_t raw_begin(std::size_t tag) const {
    std::size_t at = tag + 2 + (sign_at(source_, tag + 2) != '\0');
    at = skip_space(at);
    if (!starts_with(at, "raw")) return 0;
    at = skip_space(at + 3);
    if (starts_with(at, "-%}")) return skip_space(at + 3);
    return starts_with(at, "%}") ? at + 2 : 0;
  }

  // Past the end of a block or comment ("%}" or "#}") at `at`, or 0: '-' takes all white space after it, '+' none, no
  // sign one newline.
  std::size_t tag_end(std::size_t at, std::string_view closing) const {
    const char sign = sign_at(source_, at);
    if (!starts_with(at + (sign != '\0'), closing)) return 0;
    const std::size_t after = at + (sign != '\0') + closing.size();
    if (sign == '-') return skip_space(after);
    return sign == '\0' && after < source_.size() && source_[after] == '\n' ? after + 1 : after;
  }

  void finish(std::size_t end) {
    advance(end);
    line_starting_ = source_[end - 1] == '\n';
  }

  void comment(std::size_t inside) {
    for (std::size_t at = inside; at < source_.size(); ++at) {
      if (const std::size_t end = tag_end(at, "#}"); end != 0) {
        finish(end);
        return;
      }
    }
    refuse("missing end of comment tag");
  }

  void raw() {
    for (std::size_t at = source_.find("{%", position_); at != std::string::npos; at = source_.find("{%", at + 1)) {
      const char sign = sign_at(source_, at + 2);
      std::size_t word = skip_space(at + 2 + (sign != '\0'));
      if (!starts_with(word, "endraw")) continue;
      const std::size_t end = tag_end(skip_space(word + 6), "%}");
      if (end == 0) continue;
      push_data(at, sign, true);
      finish(end);
      return;
    }
    refuse("missing end of raw directive");
  }

  // ---- inside {{ }} and {% %}

  void tag_body(bool variable) {
    brackets_.clear();
    while (true) {
      if (brackets_.empty()) {
        if (const std::size_t end = variable ? variable_end() : tag_end(position_, "%}"); end != 0) {
          push(variable ? TokenKind::variable_end : TokenKind::block_end, {});
          finish(end);
          return;
        }
      }
      if (position_ >= source_.size()) return;  // the parser says what is missing
      const std::size_t after_space = skip_space(position_);
      if (after_space != position_) {
        advance(after_space);
      } else {
        token();
      }
    }
  }

  std::size_t variable_end() const {
    if (starts_with(position_, "-}}")) return skip_space(position_ + 3);
    return starts_with(position_, "}}") ? position_ + 2 : 0;
  }

  void token() {
    const char first = source_[position_];
    if (is_ascii_digit(first)) {
      number();
    } else if (first == '\'' || first == '"') {
      string(first);
    } else {
      std::size_t next = 0;
      const char32_t code_point = code_point_at(view(), position_, next);
      if (starts_identifier(code_point)) {
        name();
      } else {
        symbol();
      }
    }
  }

  void name() {
    std::size_t end = position_;
    while (end < source_.size()) {
      std::size_t next = 0;
      if (!continues_identifier(code_point_at(view(), end, next))) break;
      end = next;
    }
    push(TokenKind::name, source_.substr(position_, end - position_));
    advance(end);
  }

  // Digits with single underscores between them, from `at`; `at` itself when there are none.
  template <class Accept>
  std::size_t digits(std::size_t at, Accept accept) const {
    std::size_t end = at;
    while (end < source_.size()) {
      const std::size_t digit = source_[end] == '_' && end > at ? end + 1 : end;
      if (digit >= source_.size() || !accept(source_[digit])) break;
      end = digit + 1;
    }
    return end;
  }

  void number() {
    const std::size_t start = position_;
    const auto lower = [&](std::size_t at) {
      return at < source_.size() ? static_cast<char>(source_[at] | 0x20) : '\0';
    };
    const bool after_dot = start > 0 && source_[start - 1] == '.';
    const std::size_t whole = digits(start, is_ascii_digit);
    if (!after_dot) {
      std::size_t end = whole;
      bool real = false;
      if (end < source_.size() && source_[end] == '.' && digits(end + 1, is_ascii_digit) > end + 1) {
        end = digits(end + 1, is_ascii_digit);
        real = true;
      }
      if (lower(end) == 'e') {
        std::size_t exponent = end + 1;
        if (exponent < source_.size() && (source_[exponent] == '+' || source_[exponent] == '-')) ++exponent;
        if (digits(exponent, is_ascii_digit) > exponent) {
          end = digits(exponent, is_ascii_digit);
          real = true;
        }
      }
      if (real) {
        double value = 0;
        if (!parse_real(view().substr(start, end - start), value)) refuse("invalid number");
        push(TokenKind::real, {});
        tokens_.back().number = Value::real(value);
        advance(end);
        return;
      }
    }
    std::size_t end = whole;
    int base = 10;
    if (source_[start] == '0') {
      // After a zero only zeros, or a letter that names the base.
      end = digits(start, [](char c) { return c == '0'; });
      const auto with_base = [&](char letter, int number_base, auto accept) {
        if (lower(start + 1) != letter) return;
        const std::size_t from = start + 2 + (start + 2 < source_.size() && source_[start + 2] == '_');
        if (digits(from, accept) == from) return;
        base = number_base;
        end = digits(from, accept);
      };
      with_base('b', 2, [](char c) { return c == '0' || c == '1'; });
      with_base('o', 8, [](char c) { return c >= '0' && c <= '7'; });
      with_base('x', 16, [](char c) { return is_ascii_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); });
    }
    std::string plain;
    for (std::size_t i = start + (base != 10 ? 2 : 0); i < end; ++i) {
      if (source_[i] != '_') plain += source_[i];
    }
    Integer value = 0;
    if (!parse_integer(plain, base, value)) refuse("the number " + plain.substr(0, 60) + " is too large");
    push(TokenKind::integer, {});
    tokens_.back().number = Value::integer(value);
    advance(end);
  }

  void string(char quote) {
    std::size_t end = position_ + 1;
    while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
    if (end >= source_.size()) refuse("a string that starts here does not end");
    try {
      push(TokenKind::string, std::string(unescape(view().substr(position_ + 1, end - position_ - 1))));
    } catch (TemplateFailure& failure) {
      failure.line = line_;
      failure.column = column_;
      throw;
    }
    advance(end + 1);
  }

  void symbol() {
    static constexpr std::array<std::string_view, 6> pairs = {"//", "**", "==", "!=", ">=", "<="};
    for (const std::string_view pair : pairs) {
      if (starts_with(position_, pair)) {
        push(TokenKind::symbol, std::string(pair));
        advance(position_ + 2);
        return;
      }
    }
    const char c = source_[position_];
    if (std::string_view("+-/*%~[](){}<>=.:|,;").find(c) == std::string_view::npos) {
      std::size_t next = 0;
      code_point_at(view(), position_, next);
      refuse("unexpected character " + quoted(view().substr(position_, next - position_)));
    }
    if (c == '(' || c == '[' || c == '{') brackets_ += c == '(' ? ')' : c == '[' ? ']' : '}';
    if (c == ')' || c == ']' || c == '}') {
      if (brackets_.empty()) refuse(std::string("unexpected '") + c + "'");
      if (brackets_.back() != c) refuse(std::string("unexpected '") + c + "', expected '" + brackets_.back() + "'");
      brackets_.pop_back();
    }
    push(TokenKind::symbol, std::string(1, c));
    advance(position_ + 1);
  }

  std::string source_;
  std::size_t position_ = 0;
  int line_ = 1;
  int column_ = 1;
  bool line_starting_ = true;
  std::string brackets_;  ///< closing brackets that are due
  std::vector<Token> tokens_;
  WorkMeter* meter_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source, WorkMeter* meter) { return Lexer(source, meter).run(); }

}  // namespace brim::templates::jinja
