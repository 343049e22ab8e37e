// The file in which `brim calibrate` stores what it measured about a model's layers, and how a session finds it: by its
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
/// A file has version 2 where it holds curves of other storage types, which version 1 did not know, and otherwise still
/// version 1.
inline constexpr std::int64_t kProfileVersion = 2;
inline constexpr std::size_t kLargestProfile = std::size_t{4} << 20;  ///< bytes; longer texts are not read

/// The content of a profile file: the profile, and how it was measured.
struct ProfileFile {
  kv::Profile profile;
  std::string model_name, architecture;
  std::string fingerprint;
  std::string loss = "kl";  ///< what kv::LayerProfile::loss is: "kl" to the whole cache, or "nll", its increase
  std::string keep;
  std::int64_t context = 0;       ///< tokens of a window, to which fractions refer
  std::int64_t continuation = 0;  ///< of these, the ones that were scored
  std::int64_t windows = 0;
  std::int64_t chunk = 0;             ///< tokens processed at a time before the continuation
  std::string text;                   ///< a hash of the calibration text
  std::vector<kv::LayerProfile> nll;  ///< the increase of the NLL, also measured; `prunable` unused. May be empty
  std::vector<double> infonce;        ///< per layer: DepthKV's proxy as reconstructed here. May be empty
  double spearman = 0;                ///< rank correlation of infonce and measured loss; gave `prunable` its sign
};

/// A hash that identifies a model file: its metadata (except brim's own keys and those of splitting and names), its
/// tensors' names, formats and shapes, and a sample of their data. The same for a copy with other brim.* metadata or in
/// several files. Errors: io.
Result<std::string> fingerprint(const io::Gguf& file);

std::string to_json(const ProfileFile& file);
/// `name` stands for the file in sentences. Errors: bad_file with what was expected and found.
Result<ProfileFile> parse_profile(std::string_view json, const std::string& name);

/// What decides whether a profile belongs to a model, and the profile that the model carries. Small, and independent of
/// the file.
struct ProfileOwner {
  std::string path, fingerprint;
  std::size_t layers = 0;
  std::optional<std::string> carried;  ///< the text under kProfileKey; empty where it is too large
  std::uint64_t carried_bytes = 0;     ///< its size in the file
};
/// Errors: io.
Result<ProfileOwner> profile_owner(const io::Gguf& file, std::size_t layers);

/// `text` parsed as a profile of this model; `name` stands for it in messages. Errors: bad_file for text that is not a
/// profile, or is a profile of a later version, of another model or of another number of layers.
Result<ProfileFile> profile_of(const ProfileOwner& owner, std::string_view text, const std::string& name);

/// The result of looking for a profile.
struct FoundProfile {
  std::shared_ptr<const kv::Profile> profile;  ///< null: there is no usable one
  std::string text;                            ///< what it was read from
  std::string notice;                          ///< why the existing one cannot be used; else empty
  std::string keep;                            ///< the rule it was measured with
  std::int64_t context = 0;                    ///< tokens of a window that it was measured over
};
/// `file`, which was read from `text`, as the profile to use.
FoundProfile found_profile(ProfileFile file, std::string text);
/// The one that the model carries, if it does.
FoundProfile carried_profile(const ProfileOwner& owner);
/// The profile in the file at `path`. An unusable profile gives a notice, because a model works without one. Errors: io
/// when the file cannot be read; bad_file when it is not a regular file.
Result<FoundProfile> read_profile(const ProfileOwner& owner, const std::string& path);

}  // namespace brim::model
