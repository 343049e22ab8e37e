// See progress_file.hpp. One list per measured layer: [window, layer, kl …, nll …], with the type's number first if it
// is another type, and one list per window: [window, InfoNCE …].
#include "apps/calibrate/progress_file.hpp"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <system_error>

#include "apps/commands.hpp"
#include "apps/files/outputs.hpp"
#include "engine/text/json_tree.hpp"
#include "platform/input_file.hpp"

namespace brim::apps {
namespace {

using Json = nlohmann::json;
using text::JsonTree;
constexpr std::size_t kFractions = kv::kProfileFractions.size();

// Enough for a list of lists of numbers, and some spare: save_progress never writes a file that is nested deeper or
// longer.
constexpr text::JsonLimits kProgressLimits{4, std::size_t{1} << 24};
constexpr std::size_t kMaxProgressBytes = std::size_t{1} << 28;

std::vector<double> finite_numbers(const JsonTree& row, std::size_t count) {
  std::vector<double> numbers;
  if (!row.is(JsonTree::Kind::list) || row.items.size() != count) return {};
  for (const JsonTree& value : row.items) {
    if (!value.is(JsonTree::Kind::number) || !std::isfinite(value.number)) return {};
    numbers.push_back(value.number);
  }
  return numbers;
}

/// The items of the list in the member `name`; no items if it is missing or is not a list.
std::span<const JsonTree> rows(const JsonTree& json, const char* name) {
  const JsonTree* found = json.find(name);
  if (found == nullptr || !found->is(JsonTree::Kind::list)) return {};
  return found->items;
}

/// A row's numbers from kl on.
void add_losses(const LayerLoss& loss, Json& row) {
  for (const double value : loss.kl) row.push_back(value);
  for (const double value : loss.nll) row.push_back(value);
}

LayerLoss losses_of(const double* numbers) {
  LayerLoss loss;
  for (std::size_t i = 0; i < kFractions; ++i) {
    loss.kl[i] = numbers[i];
    loss.nll[i] = numbers[kFractions + i];
  }
  loss.measured = true;
  return loss;
}

/// A record of measurements: it has a text `settings`. Errors: also where there is no such file.
Result<JsonTree> parse_progress(const std::string& path) {
  BRIM_ASSIGN(const std::string text, read_text_file(path, kMaxProgressBytes));
  BRIM_ASSIGN(JsonTree json, text::parse_json(text, kProgressLimits));
  const JsonTree* settings = json.find("settings");
  if (settings != nullptr && settings->is(JsonTree::Kind::text)) return json;
  return error(ErrorCode::bad_file, path, ": expected the settings of a calibration, found none");
}

bool counts(double number, std::size_t below) { return number >= 0 && number < static_cast<double>(below); }

}  // namespace

void check_progress_file(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored) || parse_progress(path)) return;
  throw Failure(2, fmt::format("{} is not a record of measurements, which a calibration keeps in a file of that name: "
                               "move it, or name another output",
                               path));
}

void save_progress(const std::string& path, const std::string& settings, const std::vector<WindowLosses>& windows) {
  Json layers = Json::array(), others = Json::array(), proxies = Json::array();
  for (std::size_t w = 0; w < windows.size(); ++w) {
    for (std::size_t l = 0; l < windows[w].layers.size(); ++l) {
      const LayerLoss& loss = windows[w].layers[l];
      if (!loss.measured) continue;
      Json row = {w, l};
      add_losses(loss, row);
      layers.push_back(std::move(row));
    }
    for (std::size_t t = 0; t < windows[w].others.size(); ++t) {
      for (std::size_t l = 0; l < windows[w].others[t].size(); ++l) {
        if (!windows[w].others[t][l].measured) continue;
        Json row = {t, w, l};
        add_losses(windows[w].others[t][l], row);
        others.push_back(std::move(row));
      }
    }
    if (windows[w].infonce.empty()) continue;
    Json row = {w};
    for (const double value : windows[w].infonce) row.push_back(value);
    proxies.push_back(std::move(row));
  }
  const Json json = {{"settings", settings}, {"layers", layers}, {"others", others}, {"infonce", proxies}};
  write_file(path, json.dump() + "\n", NewFile::Permissions::owner);
}

std::vector<WindowLosses> load_progress(const std::string& path, const std::string& settings, std::size_t count,
                                        std::size_t layers, std::size_t others) {
  std::vector<WindowLosses> windows(count);
  for (WindowLosses& window : windows) {
    window.layers.resize(layers);
    window.others.assign(others, std::vector<LayerLoss>(layers));
  }
  const Result<JsonTree> json = parse_progress(path);
  if (!json || json->find("settings")->text != settings) return windows;
  for (const JsonTree& row : rows(*json, "layers")) {
    const std::vector<double> numbers = finite_numbers(row, 2 + 2 * kFractions);
    if (numbers.empty() || !counts(numbers[0], count) || !counts(numbers[1], layers)) continue;
    windows[static_cast<std::size_t>(numbers[0])].layers[static_cast<std::size_t>(numbers[1])] = losses_of(&numbers[2]);
  }
  for (const JsonTree& row : rows(*json, "others")) {
    const std::vector<double> numbers = finite_numbers(row, 3 + 2 * kFractions);
    if (numbers.empty() || !counts(numbers[0], others) || !counts(numbers[1], count) || !counts(numbers[2], layers))
      continue;
    windows[static_cast<std::size_t>(numbers[1])]
        .others[static_cast<std::size_t>(numbers[0])][static_cast<std::size_t>(numbers[2])] = losses_of(&numbers[3]);
  }
  for (const JsonTree& row : rows(*json, "infonce")) {
    const std::vector<double> numbers = finite_numbers(row, 1 + layers);
    if (numbers.empty() || !counts(numbers[0], count)) continue;
    windows[static_cast<std::size_t>(numbers[0])].infonce.assign(numbers.begin() + 1, numbers.end());
  }
  return windows;
}

}  // namespace brim::apps
