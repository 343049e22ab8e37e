// See profile_file.hpp.
#include "engine/model/profile_file.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/base/hash.hpp"
#include "engine/base/quote.hpp"
#include "engine/text/json_tree.hpp"
#include "platform/input_file.hpp"

namespace brim::model {
namespace {

using Json = nlohmann::ordered_json;

void add_value(Hash& hash, const io::Value& value) {
  hash.number(static_cast<std::uint32_t>(value.type));
  if (const io::Array* array = value.as_array()) {
    hash.number(array->count);
    hash.add(array->packed.data(), array->packed.size());
    for (const std::string_view text : array->strings) hash.text(text);
    for (const io::Value& nested : array->nested) add_value(hash, nested);
  } else if (const auto text = value.as_string()) {
    hash.text(*text);
  } else if (const auto number = value.as_number()) {
    hash.add(&*number, sizeof(double));
  } else if (const auto flag = value.as_bool()) {
    hash.number(*flag ? 1 : 0);
  }
}

/// Sixteen places of 64 bytes, evenly over the data.
Status add_sample(Hash& hash, const io::Gguf& file, std::span<const std::byte> data) {
  constexpr std::size_t kPlaces = 16, kBytes = 64;
  std::array<std::byte, kPlaces * kBytes> sample;
  hash.number(data.size());
  ReadFault fault;
  if (data.size() <= sample.size()) {
    fault = file.try_read(data, sample.data());
  } else {
    for (std::size_t i = 0; i < kPlaces && !fault; ++i) {
      fault =
          file.try_read(data.subspan((data.size() - kBytes) / (kPlaces - 1) * i, kBytes), sample.data() + i * kBytes);
    }
  }
  if (fault) return fault.error();
  hash.add(sample.data(), std::min(data.size(), sample.size()));
  return {};
}

using Losses = std::array<double, kv::kProfileFractions.size()>;
/// No calibration would measure more types than this.
constexpr std::size_t kMaxTypes = 64;

Json losses_json(const Losses& loss) { return Json(std::vector<double>(loss.begin(), loss.end())); }

using text::JsonTree;

/// Reads members of one object.
class Members {
 public:
  Members(const JsonTree& object, std::string where, const std::string& name)
      : object_(object), where_(std::move(where)), name_(name) {}

  const JsonTree* find(const char* key) const { return object_.find(key); }
  Error wrong(const char* key, std::string_view expected) const {
    const JsonTree* found = find(key);
    return error(ErrorCode::bad_file, name_, " is not a profile that can be used: ", where_, key, ": expected ",
                 expected, ", found ", found == nullptr ? std::string("nothing") : shown(*found));
  }
  Result<std::string> text(const char* key) const {
    const JsonTree* found = find(key);
    if (found == nullptr || !found->is(JsonTree::Kind::text)) return wrong(key, "a text");
    return found->text;
  }
  Result<std::int64_t> count(const char* key) const {
    const JsonTree* found = find(key);
    if (found == nullptr || !found->count || *found->count > (std::uint64_t{1} << 40)) return wrong(key, "a count");
    return static_cast<std::int64_t>(*found->count);
  }
  Result<double> number(const char* key, double min, double max) const {
    const JsonTree* found = find(key);
    const double value = found != nullptr && found->is(JsonTree::Kind::number) ? found->number : NAN;
    if (!(value >= min && value <= max)) return wrong(key, sentence("a number from ", min, " to ", max));
    return value;
  }
  Result<kernels::KvTypes> types(const char* key) const {
    BRIM_ASSIGN(const std::string name, text(key));
    const auto types = kernels::parse_kv_types(name);
    if (!types) return wrong(key, kernels::kKvTypesForm);
    return *types;
  }
  Result<Losses> losses(const char* key) const {
    Losses losses{};
    const JsonTree* found = find(key);
    const std::string expected = sentence(losses.size(), " finite numbers of at most ", kMax);
    const bool list = found != nullptr && found->is(JsonTree::Kind::list);
    if (!list || found->items.size() != losses.size()) return wrong(key, expected);
    for (std::size_t i = 0; i < losses.size(); ++i) {
      const JsonTree& value = found->items[i];
      losses[i] = value.is(JsonTree::Kind::number) ? value.number : NAN;
      if (!(std::abs(losses[i]) <= kMax)) return wrong(key, expected);
    }
    return losses;
  }
  static constexpr double kMax = 1e6;

 private:
  const JsonTree& object_;
  std::string where_;
  const std::string& name_;
};

Status read_header(const JsonTree& json, const std::string& name, ProfileFile& file) {
  const Members top(json, "", name);
  const JsonTree* version = top.find("brim_kv_profile");
  const std::uint64_t number = version == nullptr ? 0 : version->count.value_or(0);
  if (number < 1 || number > kProfileVersion) {
    return top.wrong("brim_kv_profile", sentence("version 1 to ", kProfileVersion));
  }
  const JsonTree nothing;
  const JsonTree *model = top.find("model"), *measured = top.find("measured"), *fractions = top.find("fractions");
  const Members of_model(model != nullptr ? *model : nothing, "model.", name);
  BRIM_ASSIGN(file.model_name, of_model.text("name"));
  BRIM_ASSIGN(file.architecture, of_model.text("architecture"));
  BRIM_ASSIGN(file.fingerprint, of_model.text("fingerprint"));
  const Members how(measured != nullptr ? *measured : nothing, "measured.", name);
  BRIM_ASSIGN(file.loss, how.text("loss"));
  if (file.loss != "kl" && file.loss != "nll") return how.wrong("loss", "kl or nll");
  BRIM_ASSIGN(file.keep, how.text("keep"));
  BRIM_ASSIGN(file.profile.types, how.types("kv_type"));
  BRIM_ASSIGN(file.context, how.count("context"));
  BRIM_ASSIGN(file.continuation, how.count("continuation"));
  BRIM_ASSIGN(file.windows, how.count("windows"));
  BRIM_ASSIGN(file.chunk, how.count("chunk"));
  BRIM_ASSIGN(file.text, how.text("text"));
  BRIM_ASSIGN(file.profile.equal_layers_p, how.number("equal_layers_p", 0, 1));
  BRIM_ASSIGN(file.spearman, how.number("spearman", -1, 1));
  const auto same = [](const JsonTree& found, double own) {
    return found.is(JsonTree::Kind::number) && found.number == own;
  };
  const bool known =
      fractions != nullptr && std::equal(fractions->items.begin(), fractions->items.end(),
                                         kv::kProfileFractions.begin(), kv::kProfileFractions.end(), same);
  if (!known) return top.wrong("fractions", "1, 0.5, 0.25, 0.125 and 0.0625");
  return {};
}

/// A layer's losses in other types; the first layer says which these are.
Status read_others(const JsonTree& json, std::size_t layer, const std::string& name, kv::Profile& profile) {
  const Members members(json, sentence("layer ", layer, ": "), name);
  const JsonTree* found = members.find("other_types");
  if (found != nullptr && (!found->is(JsonTree::Kind::object) || found->names.size() > kMaxTypes)) {
    return members.wrong("other_types", "losses by types");
  }
  if (layer == 0 && found != nullptr) {
    for (const std::string& key : found->names) {
      const auto types = kernels::parse_kv_types(key);
      if (!types) return members.wrong("other_types", sentence("losses by types (", kernels::kKvTypesForm, ")"));
      profile.others.push_back({*types, {}});
    }
  }
  if ((found == nullptr ? 0 : found->names.size()) != profile.others.size()) {
    return members.wrong("other_types", "the types of layer 0");
  }
  for (kv::TypedLosses& other : profile.others) {
    const Members own(*found, sentence("layer ", layer, ": other_types: "), name);
    BRIM_ASSIGN(const Losses losses, own.losses(kernels::kv_types_name(other.types).data()));
    other.loss.push_back(losses);
  }
  return {};
}

}  // namespace

Result<std::string> fingerprint(const io::Gguf& file) {
  Hash hash;
  for (const io::Gguf::Entry& entry : file.metadata()) {
    // Neither what Brim adds itself, nor how a file is split and laid out, makes it another model.
    if (entry.key.starts_with("brim.") || entry.key.starts_with("split.") || entry.key.starts_with("general."))
      continue;
    hash.text(entry.key);
    add_value(hash, entry.value);
  }
  for (const io::Tensor& tensor : file.tensors()) {
    hash.text(tensor.name);
    hash.number(static_cast<int>(tensor.format));
    for (const std::int64_t size : tensor.shape) hash.number(size);
    BRIM_TRY(add_sample(hash, file, tensor.data));
  }
  char text[32];
  std::snprintf(text, sizeof text, "fnv1a-%016llx", static_cast<unsigned long long>(hash.value()));
  return std::string(text);
}

std::string to_json(const ProfileFile& file) {
  Json json;
  json["brim_kv_profile"] = file.profile.others.empty() ? 1 : kProfileVersion;
  json["model"] = {{"name", file.model_name}, {"architecture", file.architecture}, {"fingerprint", file.fingerprint}};
  json["measured"] = {{"loss", file.loss},
                      {"keep", file.keep},
                      {"kv_type", std::string(kernels::kv_types_name(file.profile.types))},
                      {"context", file.context},
                      {"continuation", file.continuation},
                      {"windows", file.windows},
                      {"chunk", file.chunk},
                      {"text", file.text},
                      {"equal_layers_p", file.profile.equal_layers_p},
                      {"spearman", file.spearman}};
  json["fractions"] = std::vector<double>(kv::kProfileFractions.begin(), kv::kProfileFractions.end());
  json["layers"] = Json::array();
  for (std::size_t i = 0; i < file.profile.layers.size(); ++i) {
    Json layer = {{"loss", losses_json(file.profile.layers[i].loss)}, {"prunable", file.profile.layers[i].prunable}};
    for (const kv::TypedLosses& other : file.profile.others) {
      layer["other_types"][std::string(kernels::kv_types_name(other.types))] = losses_json(other.loss[i]);
    }
    if (i < file.nll.size()) layer["nll"] = losses_json(file.nll[i].loss);
    if (i < file.infonce.size()) layer["infonce"] = file.infonce[i];
    json["layers"].push_back(std::move(layer));
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

namespace {

Error too_large(const std::string& name, std::uint64_t bytes) {
  return error(ErrorCode::bad_file, name, " is not a profile: expected at most ", kLargestProfile, " bytes, found ",
               bytes);
}

}  // namespace

Result<ProfileFile> parse_profile(std::string_view text, const std::string& name) {
  if (text.size() > kLargestProfile) return too_large(name, text.size());
  const Result<JsonTree> json = text::parse_json(text);
  if (!json || !json->is(JsonTree::Kind::object)) {
    return error(ErrorCode::bad_file, name, " is not a profile: it is not a JSON object");
  }
  ProfileFile file;
  BRIM_TRY(read_header(*json, name, file));
  const Members top(*json, "", name);
  const JsonTree* layers = top.find("layers");
  const bool list = layers != nullptr && layers->is(JsonTree::Kind::list);
  if (!list || layers->items.empty()) return top.wrong("layers", "a list of layers");
  for (std::size_t i = 0; i < layers->items.size(); ++i) {
    const Members members(layers->items[i], sentence("layer ", i, ": "), name);
    kv::LayerProfile layer;
    BRIM_ASSIGN(layer.loss, members.losses("loss"));
    BRIM_ASSIGN(layer.prunable, members.number("prunable", 1e-9, 1e9));
    file.profile.layers.push_back(layer);
    BRIM_TRY(read_others(layers->items[i], i, name, file.profile));
    if (members.find("nll") != nullptr) {
      BRIM_ASSIGN(const Losses nll, members.losses("nll"));
      file.nll.emplace_back().loss = nll;
    }
    if (members.find("infonce") != nullptr) {
      BRIM_ASSIGN(const double infonce, members.number("infonce", -Members::kMax, Members::kMax));
      file.infonce.push_back(infonce);
    }
  }
  return file;
}

Result<ProfileOwner> profile_owner(const io::Gguf& file, std::size_t layers) {
  ProfileOwner owner;
  owner.path = file.path();
  BRIM_ASSIGN(owner.fingerprint, fingerprint(file));
  owner.layers = layers;
  // Of one that is too large, the size is enough.
  if (const io::Value* carried = file.find(kProfileKey)) {
    const std::string_view text = carried->as_string().value_or("");
    owner.carried_bytes = text.size();
    owner.carried = std::string(text.size() > kLargestProfile ? "" : text);
  }
  return owner;
}

Result<ProfileFile> profile_of(const ProfileOwner& owner, std::string_view text, const std::string& name) {
  BRIM_ASSIGN(ProfileFile file, parse_profile(text, name));
  if (file.profile.layers.size() != owner.layers) {
    return error(ErrorCode::bad_file, name, " is a profile of ", file.profile.layers.size(), " layers, but ",
                 owner.path, " has ", owner.layers);
  }
  if (file.fingerprint == owner.fingerprint) return file;
  return error(ErrorCode::bad_file, name, " is a profile of another model (", quoted(file.model_name), ", ",
               quoted(file.fingerprint), ") than ", owner.path, " (", owner.fingerprint, "); brim calibrate makes one");
}

namespace {

FoundProfile unusable(const Error& why) {
  FoundProfile none;
  none.notice = sentence(why.sentence, "; going on without a profile");
  return none;
}

FoundProfile used(const ProfileOwner& owner, std::string text, const std::string& name) {
  Result<ProfileFile> file = profile_of(owner, text, name);
  if (!file) return unusable(file.error());
  return found_profile(std::move(*file), std::move(text));
}

}  // namespace

FoundProfile found_profile(ProfileFile file, std::string text) {
  FoundProfile found;
  found.profile = std::make_shared<const kv::Profile>(std::move(file.profile));
  found.text = std::move(text);
  found.keep = std::move(file.keep);
  found.context = file.context;
  return found;
}

FoundProfile carried_profile(const ProfileOwner& owner) {
  if (!owner.carried) return {};
  const std::string name = sentence(owner.path, ", key ", kProfileKey, ",");
  if (owner.carried_bytes > kLargestProfile) return unusable(too_large(name, owner.carried_bytes));
  return used(owner, *owner.carried, name);
}

Result<FoundProfile> read_profile(const ProfileOwner& owner, const std::string& path) {
  BRIM_ASSIGN(const InputFile file, InputFile::open(path));
  if (file.size() > kLargestProfile) return unusable(too_large(path, file.size()));
  std::string text(static_cast<std::size_t>(file.size()), '\0');
  BRIM_TRY(file.read(0, std::as_writable_bytes(std::span(text))));
  return used(owner, std::move(text), path);
}

}  // namespace brim::model
