// See keys.hpp.
#include "engine/model/keys.hpp"

#include "engine/base/quote.hpp"

namespace brim::model {

Result<double> Keys::number(std::string_view key, std::optional<double> absent, const NumberRange& range) const {
  const std::string name = read(key);
  BRIM_ASSIGN(const double value, file_.number(name, absent));
  if (!(value >= range.min && value <= range.max) || (range.above && value == range.min)) {
    return error(ErrorCode::bad_file, file_.path(), ": key ", quoted(name), " is ", value, ", expected a number ",
                 range.above ? "above " : "from ", range.min, range.above ? " and up to " : " to ", range.max);
  }
  return value;
}

Result<std::vector<std::int64_t>> Keys::per_layer(std::string_view key, std::int64_t layers,
                                                  std::optional<std::int64_t> absent, std::int64_t min,
                                                  std::int64_t max) const {
  const std::string name = read(key);
  const io::Value* value = file_.find(name);
  const io::Array* array = value ? value->as_array() : nullptr;
  if (array == nullptr) {
    BRIM_ASSIGN(const std::int64_t all, file_.integer(name, absent, min, max));
    return std::vector<std::int64_t>(static_cast<std::size_t>(layers), all);
  }
  if (array->count != static_cast<std::uint64_t>(layers) || array->element == io::ValueType::string ||
      array->element == io::ValueType::array) {
    return error(ErrorCode::bad_file, file_.path(), ": key ", name, ": expected one integer or ", layers,
                 " integers (one per layer), found ", io::type_text(*value), " of length ", array->count);
  }
  std::vector<std::int64_t> values;
  for (std::uint64_t i = 0; i < array->count; ++i) {
    const auto number = io::array_element(*array, i).as_integer();
    if (!number || *number < min || *number > max) {
      return error(ErrorCode::bad_file, file_.path(), ": key ", name, ": element ", i, ": expected an integer from ",
                   min, " to ", max, number ? ", found " : ", found no integer", number ? sentence(*number) : "");
    }
    values.push_back(*number);
  }
  return values;
}

}  // namespace brim::model
