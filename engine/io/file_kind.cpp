// See file_kind.hpp.
#include "engine/io/file_kind.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

namespace brim::io {
namespace {

struct Kind {
  std::string_view beginning;
  std::string_view meaning;
};

constexpr std::string_view kPage =
    "a web page, probably one that was sent in place of the file: download the file itself (on huggingface.co the "
    "address has /resolve/ in it)";
constexpr std::string_view kPacked = "a compressed file: unpack it first";
constexpr std::string_view kOldFormat =
    "a model in a format of llama.cpp before GGUF: download or convert the model as GGUF";
constexpr std::string_view kPyTorch =
    "an archive, such as PyTorch's weights are: Brim reads GGUF files only, download the model as GGUF or convert it "
    "(llama.cpp's convert_hf_to_gguf.py)";
constexpr std::string_view kSafetensors =
    "a safetensors file: Brim reads GGUF files only, download the model as GGUF or convert it (llama.cpp's "
    "convert_hf_to_gguf.py)";

// In small letters, as beginnings are compared.
constexpr Kind kKinds[] = {
    {"version https://git-lfs", "a Git LFS pointer and not the file itself: fetch it with git lfs pull"},
    {"<!doctype html", kPage},
    {"<html", kPage},
    {"<?xml", kPage},
    {"pk\x03\x04", kPyTorch},
    {"\x1f\x8b", kPacked},
    {"\x28\xb5\x2f\xfd", kPacked},
    {"\xfd"
     "7zxz",
     kPacked},
    {"bzh", kPacked},
    {"lmgg", kOldFormat},
    {"fmgg", kOldFormat},
    {"tjgg", kOldFormat},
};

// Eight bytes with the length of a JSON object, and then that object.
bool is_safetensors(std::string_view beginning) {
  constexpr std::uint64_t kLongestHeader = 100'000'000;  // the format's own limit
  std::uint64_t length = 0;
  if (beginning.size() <= sizeof length) return false;
  std::memcpy(&length, beginning.data(), sizeof length);
  return length >= 2 && length <= kLongestHeader && beginning[sizeof length] == '{';
}

}  // namespace

std::string_view other_kind(std::string_view beginning) {
  if (is_safetensors(beginning)) return kSafetensors;
  std::string small(beginning.substr(0, kKindBytes));
  for (char& letter : small) letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
  const std::string_view text = small;
  const std::size_t start = std::min(text.find_first_not_of(" \t\r\n"), text.size());
  for (const auto& [begin, meaning] : kKinds) {
    const bool is_page = begin.front() == '<';  // white space may stand before it
    if (text.substr(is_page ? start : 0).starts_with(begin)) return meaning;
  }
  return {};
}

}  // namespace brim::io
