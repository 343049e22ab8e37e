// The file in which `brim calibrate` leaves what it measured about a model's layers, and how a session finds it: by its
// path, or in the model's own metadata. JSON, versioned, bound to one model by a fingerprint of its file; untrusted
// input.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/io/gguf.hpp"
#include "engine/kv/profile.hpp"

namespace brim::model {

inline constexpr std::string_view kProfileKey = "brim.kv.profile";  ///< metadata of a model that carries its profile
/// A file says 2 where it holds curves of other storage types, which version 1 did not know, and else still 1.
inline constexpr std::int64_t kProfileVersion = 2;
inline constexpr std::size_t kLargestProfile = std::size_t{4} << 20;  ///< bytes; longer texts are not read

/// What a profile file says: the profile, and how it came about.
struct ProfileFile {
  kv::Profile profile;
  std::string model_name, architecture;
  std::string fingerprint;
  std::string loss = "kl";  ///< what kv::LayerProfile::loss is: "kl" to the whole cache, or "nll", its increase
  std::string keep;
  std::int64_t context = 0;       ///< tokens of a window; fractions are of it
  std::int64_t continuation = 0;  ///< of these, the ones that were scored
  std::int64_t windows = 0;
  std::int64_t chunk = 0;             ///< tokens read at a time before the continuation
  std::string text;                   ///< a hash of the calibration text
  std::vector<kv::LayerProfile> nll;  ///< the increase of the NLL, measured beside; `prunable` unused. May be empty
  std::vector<double> infonce;        ///< of each layer: DepthKV's proxy as reconstructed here. May be empty
  double spearman = 0;                ///< of infonce and the measured loss over layers: what gave `prunable` its sign
  double equal_layers_p = 1;          ///< permutation test: how likely losses differ so much if all layers were equal
};

/// A hash of what makes a model file this one: its metadata (but for keys of brim's own, of splitting and names), its
/// tensors' names, formats and shapes, and a sample of their data. The same for a copy with other brim.* metadata or in
/// parts. Errors: io.
Result<std::string> fingerprint(const io::Gguf& file);

std::string to_json(const ProfileFile& file);
/// `name` stands for the file in sentences. Errors: bad_file with what was expected and found.
Result<ProfileFile> parse_profile(std::string_view json, const std::string& name);

/// What decides whether a profile is a model's, and the one that it carries. Small, and independent of the file.
struct ProfileOwner {
  std::string path, fingerprint;
  std::size_t layers = 0;
  std::optional<std::string> carried;  ///< the text under kProfileKey
};
/// Errors: io.
Result<ProfileOwner> profile_owner(const io::Gguf& file, std::size_t layers);

/// `text` as a profile of this model; `name` stands for it in sentences. Errors: bad_file for what is not a profile, is one of a
/// later version, of another model or of another number of layers.
Result<ProfileFile> profile_of(const ProfileOwner& owner, std::string_view text, const std::string& name);

/// A profile that was looked for.
struct FoundProfile {
  std::shared_ptr<const kv::Profile> profile;  ///< null: there is none that can be used
  std::string text;                            ///< what it was read from
  std::string notice;                          ///< why the one that is there cannot be used; else empty
};
/// The one that the model carries, if it does.
FoundProfile carried_profile(const ProfileOwner& owner);
/// The one in the file at `path`. What cannot be used is a notice, because a model works without. Errors: io when the file cannot
/// be read; bad_file when it is not a regular file.
Result<FoundProfile> read_profile(const ProfileOwner& owner, const std::string& path);

}  // namespace brim::model
