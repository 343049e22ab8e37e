// See pictures.hpp.
#include "research/kv_suite/pictures.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "apps/commands.hpp"
#include "apps/terminal/error_output.hpp"
#include "engine/base/quote.hpp"
#include "platform/program/processes.hpp"

namespace brim::apps {
namespace {

constexpr const char* kQuality =
    R"gp(set terminal svg size 900, 560 font "sans-serif,12" background "#ffffff" noenhanced
set output "quality.svg"
set title "KL to the whole cache over the budget, same bytes for all (less is better)" font ",11"
set datafile separator "\t"
set xlabel "budget, % of the whole cache"
set ylabel "KL, nats per token"
set logscale xy
set xrange [5:60]
set xtics (50, 40, 25, 20, 12.5, 6.25)
set grid lc rgb "#dddddd"
set key outside right
plot for [i = 2:columns] "quality.tsv" using 1:i with linespoints \
  lt ((i - 2) % 8 + 1) dt 1 + (i - 2) / 8 pt (5 + 2 * ((i - 2) / 8)) ps 0.6 lw 1.5 title columnheader(i)
)gp";

constexpr const char* kQuotas = R"gp(set terminal svg size 900, 420 font "sans-serif,12" background "#ffffff" noenhanced
set output "quotas.svg"
set title heading font ",11"
set datafile separator "\t"
set style data histogram
set style histogram clustered gap 1
set style fill solid 0.85 noborder
set xlabel "layer"
set ylabel "entries"
set yrange [0:*]
set grid ytics lc rgb "#dddddd"
set key outside right
plot for [i = 2:columns] "quotas.tsv" using i:xtic(1) \
  lt ((i - 2) % 8 + 1) fs solid (0.9 - 0.45 * ((i - 2) / 8)) noborder title columnheader(i)
)gp";

void write(const std::filesystem::path& path, const std::string& text) {
  write_file(path.string(), text, NewFile::Permissions::usual);
}

void draw(const std::filesystem::path& folder, const std::string& script) {
  const std::string change = fmt::format("cd '{}'", CLI::detail::find_and_replace(folder.string(), "'", "''"));
  if (platform::run_program({"gnuplot", "-e", change, (folder / script).string()}) != 0)
    throw Failure(1, fmt::format("gnuplot could not draw {}", (folder / script).string()));
}

/// Column names, then rows that have a first cell and one cell per column; an empty one is a gap.
std::string table(const std::vector<std::string>& names, const std::map<double, std::map<std::string, double>>& rows) {
  std::string out = "x";
  for (const std::string& name : names) out += "\t" + name;
  out += "\n";
  for (const auto& [first, cells] : rows) {
    out += fmt::format("{:g}", first);
    for (const std::string& name : names) {
      const auto cell = cells.find(name);
      out += cell == cells.end() ? std::string("\t?") : fmt::format("\t{:g}", cell->second);
    }
    out += "\n";
  }
  return out;
}

void note(std::vector<std::string>& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

}  // namespace

void prepare_pictures(const std::string& folder, Outputs& files) {
  if (folder.empty()) return;
  std::vector<std::string> paths;
  for (const char* name : {"quality.tsv", "quotas.tsv", "quality.gp", "quotas.gp", "quality.svg", "quotas.svg"}) {
    paths.push_back((std::filesystem::path(folder) / name).string());
    files.check("--pictures", paths.back());
  }
  if (!platform::can_run("gnuplot"))
    throw Failure(1, "--pictures needs gnuplot, which is not installed: install it, or leave --pictures out");
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) {
    throw Failure(2,
                  fmt::format("--pictures: the folder {} cannot be made: {}", quoted(folder, 400), failure.message()));
  }
  for (const std::string& path : paths) files.writes("--pictures", path);
}

void draw_pictures(const std::vector<Outcome>& outcomes, const std::string& folder) {
  double shown = 0;
  for (const Outcome& outcome : outcomes) {
    if (!outcome.arm.full &&
        std::abs(std::log(outcome.ratio / 0.25)) < std::abs(std::log(std::max(shown, 1e-9) / 0.25))) {
      shown = outcome.ratio;
    }
  }
  std::vector<std::string> arms, splits;
  std::map<double, std::map<std::string, double>> quality, quotas;
  for (const Outcome& outcome : outcomes) {
    // An arm that keeps everything and reads only a share does not have the same bytes as the others.
    if (outcome.arm.full || outcome.arm.reads_sparsely || !outcome.skipped.empty()) continue;
    note(arms, outcome.arm.name);
    quality[100 * outcome.ratio][outcome.arm.name] = std::max(mean_of(outcome.kl), 1e-9);
    if (outcome.ratio != shown || outcome.arm.name != outcome.arm.split->name())
      continue;  // rules have uniform's quotas
    note(splits, outcome.arm.name);
    for (std::size_t i = 0; i < outcome.quota.size(); ++i) {
      quotas[static_cast<double>(i)][outcome.arm.name] = static_cast<double>(outcome.quota[i]);
    }
  }
  const std::filesystem::path place = std::filesystem::absolute(folder);  // gnuplot runs there
  write(place / "quality.tsv", table(arms, quality));
  write(place / "quotas.tsv", table(splits, quotas));
  write(place / "quality.gp", fmt::format("columns = {}\n{}", arms.size() + 1, kQuality));
  write(place / "quotas.gp",
        fmt::format("columns = {}\nheading = \"entries of each layer at {:.4g} % of the whole cache\"\n{}",
                    splits.size() + 1, 100 * shown, kQuotas));
  draw(place, "quality.gp");
  draw(place, "quotas.gp");
  say(fmt::format("{}/quality.svg", folder));
  say(fmt::format("{}/quotas.svg", folder));
}

}  // namespace brim::apps
