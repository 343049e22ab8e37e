// See compare.hpp.
#include "engine/template/jinja/compare.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/objects.hpp"
#include "platform/keyed_hash.hpp"

namespace brim::templates::jinja {
namespace {

enum class Order { less, equal, greater, unordered };

// int against float is exact in Python; long double has the bits for every int below 2^64.
Order order_numbers(const Value& left, const Value& right) {
  if (left.is_index() && right.is_index()) {
    const Integer a = left.as_index(), b = right.as_index();
    return a < b ? Order::less : a == b ? Order::equal : Order::greater;
  }
  const auto wide = [](const Value& value) {
    return value.is_real() ? static_cast<long double>(value.as_real()) : static_cast<long double>(value.as_index());
  };
  const long double a = wide(left), b = wide(right);
  return a < b ? Order::less : a == b ? Order::equal : a > b ? Order::greater : Order::unordered;
}

bool equal_items(const Vector<Value>& left, const Vector<Value>& right, int depth);

bool equal_at(const Value& left, const Value& right, int depth) {
  charge_steps(1);
  charge_level();
  if (depth > kMaxValueDepth) fail("maximum recursion depth exceeded in comparison");
  if (left.is_number() && right.is_number()) return order_numbers(left, right) == Order::equal;
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case Kind::none:
    case Kind::undefined:
      return true;
    case Kind::text:
      if (left.as_text().size() != right.as_text().size()) return false;
      charge_text(left.as_text().size());
      return left.as_text() == right.as_text();
    case Kind::list:
    case Kind::tuple:
      return equal_items(*left.sequence(), *right.sequence(), depth + 1);
    case Kind::dict: {
      const Dict& a = left.as_dict();
      const Dict& b = right.as_dict();
      if (&a == &b) return true;
      if (a.size() != b.size()) return false;
      for (std::size_t i = 0; i < a.size(); ++i) {
        const Value* other = b.find(a.keys[i]);
        if (other == nullptr || !equal_at(a.values[i], *other, depth + 1)) return false;
      }
      return true;
    }
    case Kind::object:
      if (const auto* a = left.object_as<Range>(), *b = right.object_as<Range>(); a != nullptr && b != nullptr) {
        return a->size() == b->size() &&
               (a->size() == 0 || (a->start == b->start && (a->size() == 1 || a->step == b->step)));
      }
      return left.as_object() == right.as_object();
    default:
      return false;
  }
}

bool equal_items(const Vector<Value>& left, const Vector<Value>& right, int depth) {
  if (&left == &right) return true;
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (!equal_at(left[i], right[i], depth)) return false;
  }
  return true;
}

Order order_at(const Value& left, const Value& right, std::string_view operation, int depth) {
  charge_steps(1);
  charge_level();
  if (depth > kMaxValueDepth) fail("maximum recursion depth exceeded in comparison");
  if (left.is_undefined()) fail(left.undefined_message());
  if (right.is_undefined()) fail(right.undefined_message());
  if (left.is_number() && right.is_number()) return order_numbers(left, right);
  if (left.is_text() && right.is_text()) {
    charge_text(std::min(left.as_text().size(), right.as_text().size()));
    // Bytes of UTF-8 sort as their code points do.
    const int sign = left.as_text().compare(right.as_text());
    return sign < 0 ? Order::less : sign == 0 ? Order::equal : Order::greater;
  }
  if ((left.is_list() && right.is_list()) || (left.is_tuple() && right.is_tuple())) {
    const auto& a = *left.sequence();
    const auto& b = *right.sequence();
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
      if (!equal_at(a[i], b[i], depth + 1)) return order_at(a[i], b[i], operation, depth + 1);
    }
    return a.size() < b.size() ? Order::less : a.size() == b.size() ? Order::equal : Order::greater;
  }
  fail("'", operation, "' not supported between instances of '", type_name(left), "' and '", type_name(right), "'");
}

std::size_t hash_integer(Integer number) {
  // The low word alone for what fits in it: 1 and 2^64 + 1 are rarely both keys.
  const auto low = static_cast<std::uint64_t>(number), high = static_cast<std::uint64_t>(number >> 64);
  return keyed_hash(low) ^ (number == static_cast<Integer>(static_cast<std::int64_t>(low)) ? 0 : keyed_hash(~high));
}

// Equal numbers have equal hashes: a float that is whole has the int's.
std::size_t hash_number(const Value& value) {
  if (value.is_index()) return hash_integer(value.as_index());
  const double real = value.as_real();
  if (std::fabs(real) < 1e37 && real == std::floor(real)) return hash_integer(static_cast<Integer>(real));
  return keyed_hash(std::bit_cast<std::uint64_t>(real));
}

std::size_t hash_at(const Value& value, int depth) {
  charge_steps(1);
  charge_level();
  if (depth > kMaxValueDepth) fail("maximum recursion depth exceeded while hashing");
  switch (value.kind()) {
    case Kind::none:
      return 0x9e3779b9;
    case Kind::undefined:
      return 0x7f4a7c15;
    case Kind::boolean:
    case Kind::integer:
    case Kind::real:
      return hash_number(value);
    case Kind::text:
      charge_text(value.as_text().size());
      return hash_text(value.as_text());
    case Kind::tuple: {
      std::size_t hash = 0x345678;
      for (const Value& item : value.as_tuple().items) hash = keyed_hash(hash ^ hash_at(item, depth + 1));
      return hash;
    }
    case Kind::list:
    case Kind::dict:
      fail("unhashable type: '", type_name(value), "'");
    case Kind::object:
      if (const auto* range = value.object_as<Range>()) {
        // What equality looks at: the size, the start unless it is empty, the step where there are two items.
        const Integer size = range->size();
        std::size_t hash = hash_integer(size);
        if (size > 0) hash = keyed_hash(hash ^ hash_integer(range->start));
        return size > 1 ? keyed_hash(hash ^ hash_integer(range->step)) : hash;
      }
      return keyed_hash(reinterpret_cast<std::uintptr_t>(value.as_object().get()));
  }
  return 0;
}

}  // namespace

bool truth(const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
    case Kind::none:
      return false;
    case Kind::boolean:
      return value.as_boolean();
    case Kind::integer:
      return value.as_index() != 0;
    case Kind::real:
      return value.as_real() != 0;
    case Kind::text:
      return !value.as_text().empty();
    case Kind::list:
    case Kind::tuple:
      return !value.sequence()->empty();
    case Kind::dict:
      return value.as_dict().size() != 0;
    case Kind::object:
      if (const auto* range = value.object_as<Range>()) return range->size() != 0;
      if (const auto* view = value.object_as<DictView>()) return view->dict->size() != 0;
      return true;
  }
  return true;
}

bool equal(const Value& left, const Value& right) { return equal_at(left, right, 0); }

bool less(const Value& left, const Value& right, std::string_view operation) {
  return order_at(left, right, operation, 0) == Order::less;
}

bool less_or_equal(const Value& left, const Value& right, std::string_view operation) {
  const Order order = order_at(left, right, operation, 0);
  return order == Order::less || order == Order::equal;
}

std::size_t hash_value(const Value& value) { return hash_at(value, 0); }
std::size_t hash_text(std::string_view text) { return keyed_hash(text); }

}  // namespace brim::templates::jinja
