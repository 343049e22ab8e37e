// String keys to settings: the one place where the C interface's option names are mapped to the engine's structs.
// options.def says which options there are, and which values each of them takes.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/generate/session.hpp"
#include "engine/model/model.hpp"
#include "engine/model/panels.hpp"

namespace brim::api {

using OptionList = std::vector<std::pair<std::string, std::string>>;

struct ModelOptions {
  int threads = 0;  ///< 0: kernels::default_threads()
  model::WeightMemory memory = model::WeightMemory::own;
  std::int64_t kv_pool = 0;  ///< bytes from which the budgets of all its sessions are booked; 0: no such limit
};

/// Errors: invalid_argument naming the key, the value, and what was expected or which keys there are.
Result<ModelOptions> model_options(const OptionList& list);
Result<generate::SessionOptions> session_options(const OptionList& list);
/// `list` behind the defaults for sampling that the model's file has, which count where the list does not have the key.
/// Errors: bad_file for a default that the option does not take.
Result<OptionList> with_model_defaults(const OptionList& list, const model::ModelFile& file);

/// The key under which a saved session holds the text of its profile: restoring opens no file that the session names.
/// Not an option of the C interface.
inline constexpr std::string_view kSavedProfile = "kv.profile.text";
/// The options of a saved session. Errors: bad_file for one that names a file; invalid_argument as session_options.
Result<generate::SessionOptions> saved_session_options(const OptionList& list, const std::string& name);

/// Whether a session's key is fixed when the session is created. Errors: invalid_argument for its value.
Result<bool> fixed_at_creation(std::string_view key, const std::string& value);
/// Whether a key may be given several times, each adding to those before.
bool repeatable(std::string_view key);
/// Normalises a list of options: the last value of each key, all values of the keys that may be given several times; in
/// their order.
OptionList last_values(const OptionList& list);

/// What one key of a living session may change.
enum class Change { sampling, stops, end_tokens, limit, system, max_message };
/// Applies one key to `options` and says what it touched. Errors: invalid_argument, also for keys fixed at creation.
Result<Change> change_option(generate::SessionOptions& options, std::string_view key, const std::string& value);
/// Removes every value of a repeatable key. Errors: invalid_argument for other keys.
Result<Change> clear_option(generate::SessionOptions& options, std::string_view key);

}  // namespace brim::api
