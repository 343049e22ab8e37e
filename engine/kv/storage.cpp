// See storage.hpp.
#include "engine/kv/storage.hpp"

#include <algorithm>

#include "engine/kv/costs.hpp"
#include "engine/kv/layout.hpp"

namespace brim::kv {
namespace {

bool fits_in_place(const Shape& stored, const Shape& than) {
  for (std::size_t i = 0; i < stored.layers.size(); ++i) {
    if (!can_be_stored(stored.layers[i]) || data_bytes(stored.layers[i]) > data_bytes(than.layers[i])) return false;
  }
  return true;
}

}  // namespace

Result<std::vector<StorageChoice>> storage_choices(const Shape& shape, const Needs& needs, int checkpoints,
                                                   const Profile& profile) {
  std::vector<StorageChoice> choices;
  const auto add = [&](kernels::KvTypes types, Profile&& measured) {
    Shape stored = shape;
    stored.store_as(types);
    if (fits_in_place(stored, shape)) {
      choices.push_back({types, Costs(stored, needs, checkpoints).layers(), std::move(measured)});
    }
  };
  add(profile.types, {profile.layers, profile.types, {}});
  for (const TypedLosses& other : profile.others) {
    if (other.loss.size() != profile.layers.size()) continue;
    Profile measured{profile.layers, other.types, {}};
    for (std::size_t i = 0; i < measured.layers.size(); ++i) measured.layers[i].loss = other.loss[i];
    add(other.types, std::move(measured));
  }
  if (choices.size() < 2) {
    return error(ErrorCode::invalid_argument,
                 "this KV split chooses how each layer is stored, and needs a profile measured in ",
                 "at least two types that are not larger than ", stored_as(shape),
                 " (brim calibrate --kv-types), found ", choices.size());
  }
  return choices;
}

void store_layers(const Split& split, std::span<const StorageChoice> choices, std::int64_t bytes, Shape& shape,
                  Profile& profile) {
  std::vector<std::size_t> chosen(shape.layers.size(), 0);
  split.choose_storage(choices, bytes, chosen);
  profile = choices.front().profile;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const StorageChoice& choice = choices[std::min(chosen[i], choices.size() - 1)];
    shape.layers[i].types = choice.types;
    profile.layers[i] = choice.profile.layers[i];
  }
}

}  // namespace brim::kv
