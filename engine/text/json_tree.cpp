// See json_tree.hpp.
#include "engine/text/json_tree.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "engine/base/quote.hpp"
#include "engine/text/json_bytes.hpp"

namespace brim::text {
namespace {

using Kind = JsonTree::Kind;

// Builds the tree as the parser finds its values. What is open lies inside its parent, which does not grow meanwhile.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  Builder(JsonTree& root, const JsonLimits& limits) : root_(root), limits_(limits) {}

  /// Why the parser stopped, without a subject.
  std::string reason;

  bool null() override { return add({}); }
  bool boolean(bool value) override {
    JsonTree tree;
    tree.kind = Kind::flag;
    tree.flag = value;
    return add(std::move(tree));
  }
  bool number_integer(number_integer_t value) override {
    JsonTree tree;
    tree.kind = Kind::number;
    tree.number = static_cast<double>(value);
    tree.negative = value;
    return add(std::move(tree));
  }
  bool number_unsigned(number_unsigned_t value) override { return add_number(static_cast<double>(value), value); }
  bool number_float(number_float_t value, const string_t&) override { return add_number(value); }
  bool string(string_t& value) override {
    JsonTree tree;
    tree.kind = Kind::text;
    tree.text = std::move(value);
    return add(std::move(tree));
  }
  bool binary(binary_t&) override { return false; }
  bool key(string_t& name) override {
    open_.back()->names.push_back(std::move(name));
    return true;
  }
  bool start_object(std::size_t) override { return begin(Kind::object); }
  bool start_array(std::size_t) override { return begin(Kind::list); }
  bool end_object() override { return end(); }
  bool end_array() override { return end(); }
  bool parse_error(std::size_t byte, const std::string&, const nlohmann::detail::exception& failure) override {
    constexpr int kNumberOverflow = 406;  // of the parser's own numbering
    reason = failure.id == kNumberOverflow ? sentence("holds a number that is too large, before byte ", byte)
                                           : sentence("is not JSON: error at byte ", byte);
    return false;
  }

 private:
  JsonTree& place() { return open_.empty() ? root_ : open_.back()->items.emplace_back(); }
  bool add(JsonTree&& value) {
    if (!another_value()) return false;
    place() = std::move(value);
    return true;
  }
  bool add_number(double value, std::optional<std::uint64_t> count = {}) {
    JsonTree tree;
    tree.kind = Kind::number;
    tree.number = value;
    tree.count = count;
    return add(std::move(tree));
  }
  bool another_value() {
    if (++values_ <= limits_.values) return true;
    reason = sentence("holds more than ", limits_.values, " values");
    return false;
  }
  bool begin(Kind kind) {
    if (open_.size() == limits_.depth) {
      reason = sentence("nests more than ", limits_.depth, " levels deep");
      return false;
    }
    if (!another_value()) return false;
    JsonTree& own = place();
    own.kind = kind;
    open_.push_back(&own);
    return true;
  }
  bool end() {
    open_.pop_back();
    return true;
  }

  JsonTree& root_;
  const JsonLimits& limits_;
  std::vector<JsonTree*> open_;
  std::size_t values_ = 0;
};

}  // namespace

const JsonTree* JsonTree::find(std::string_view name) const {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return &items[i];
  }
  return nullptr;
}

Result<JsonTree> parse_json(std::string_view text, const JsonLimits& limits, WorkMeter* meter) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return error(ErrorCode::invalid_argument, "is not JSON: it is empty");
  }
  JsonTree root;
  Builder builder(root, limits);
  const bool whole = nlohmann::json::sax_parse(JsonBytes(text, meter), JsonBytes(text), &builder);
  if (meter != nullptr && meter->cancelled()) return cancelled_error();
  if (!whole) return error(ErrorCode::invalid_argument, builder.reason);
  return root;
}

std::string shown(const JsonTree& value) {
  switch (value.kind) {
    case Kind::null:
      return "null";
    case Kind::flag:
      return value.flag ? "true" : "false";
    case Kind::number:
      return sentence(value.number);
    case Kind::text:
      return quoted(value.text.substr(0, 60));
    case Kind::list:
      return sentence("a list of ", value.items.size());
    case Kind::object:
      break;
  }
  return "an object";
}

}  // namespace brim::text
