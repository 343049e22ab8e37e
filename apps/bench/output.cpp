// See output.hpp.
#include "apps/bench/output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "apps/terminal/output.hpp"
#include "apps/terminal/printable.hpp"
#include "apps/terminal/quantities.hpp"

namespace brim::apps::bench {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) { return printable_json(json.dump(-1, ' ', false, Json::error_handler_t::replace)); }

class JsonLines : public Output {
 public:
  void add(const Json& row) override { write_output(dump(row) + "\n"); }
  void finish() override {}
};

class JsonArray : public Output {
 public:
  void add(const Json& row) override {
    write_output((rows_ == 0 ? "[\n" : ",\n") + dump(row));
    ++rows_;
  }
  void finish() override { write_output(rows_ == 0 ? "[]\n" : "\n]\n"); }

 private:
  int rows_ = 0;
};

/// RFC 4180: text in quotes, with quotes in it doubled; an empty field for what was not measured. Lists are left out.
/// One line per row.
class Csv : public Output {
 public:
  void add(const Json& row) override {
    std::string names, values;
    for (const auto& [name, value] : row.items()) {
      if (value.is_array()) continue;
      names += (names.empty() ? "" : ",") + name;
      if (name != row.begin().key()) values += ',';
      if (value.is_string()) {
        std::string text = printable_line(value.get<std::string>());
        for (std::size_t at = 0; (at = text.find('"', at)) != std::string::npos; at += 2) text.insert(at, 1, '"');
        values += '"' + text + '"';
      } else if (!value.is_null()) {
        values += dump(value);
      }
    }
    if (!headed_) write_output(names + "\n");
    headed_ = true;
    write_output(values + "\n");
  }
  void finish() override {}

 private:
  bool headed_ = false;
};

double number(const Json& row, const char* name) { return row.at(name).is_null() ? 0 : row.at(name).get<double>(); }

/// A rate with its share of the peak; a dash where it was not measured.
std::string with_percent(const Json& row, const char* rate, const char* percent, int digits) {
  if (row.at(rate).is_null()) return "–";
  std::string text = fmt::format("{:.{}f}", number(row, rate), digits);
  if (!row.at(percent).is_null()) text += fmt::format(" ({:.0f} %)", number(row, percent));
  return text;
}

/// The columns that people want to see; the other forms have the rest.
class Markdown : public Output {
 public:
  void add(const Json& row) override {
    const double rate = number(row, "tokens_per_second");
    const int digits = rate < 100 ? 2 : 0;
    const double wait = number(row, "first_token_ms");
    const std::string first =
        row.at("first_token_ms").is_null() ? "–" : fmt::format("{:.{}f}", wait, wait < 100 ? 1 : 0);
    const std::string between =
        row.at("token_p50_ms").is_null()
            ? "–"
            : fmt::format("{:.1f} / {:.1f}", number(row, "token_p50_ms"), number(row, "token_p99_ms"));
    const std::string resident =
        row.at("peak_rss_bytes").is_null() ? "–" : fmt::format("{:.0f}", number(row, "peak_rss_bytes") / (1 << 20));
    std::string budget = row.at("kv_budget").get<std::string>();
    budget = budget == "full" ? "" : " " + budget;
    if (const auto read = row.at("kv_read").get<std::string>(); read != "all") budget += " " + read;
    rows_.push_back({
        cell(row.at("model").get<std::string>()),
        row.at("quantisation").get<std::string>() + ", " + bytes_text(row.at("weight_bytes").get<std::int64_t>()),
        fmt::format("{}", row.at("threads").get<int>()),
        row.at("kv_type").get<std::string>() + budget,
        row.at("test").get<std::string>(),
        fmt::format("{:.{}f}", rate, digits),
        fmt::format("{:.{}f}–{:.{}f}", number(row, "tokens_per_second_min"), digits,
                    number(row, "tokens_per_second_max"), digits),
        first,
        between,
        with_percent(row, "read_gb_per_second", "read_percent", 1),
        with_percent(row, "gop_per_second", "int8_percent", 0),
        resident,
        fmt::format("{:.1f}", number(row, "kv_bytes") / (1 << 20)),
    });
    Limits& limits = limits_[row.at("threads").get<int>()];
    limits.read.add(number(row, "read_peak_gb_per_second"));
    limits.int8.add(number(row, "int8_peak_gop_per_second"));
    limits.streams = row.at("read_streams").get<int>();
    if (!row.at("cpu_celsius").is_null()) celsius_.add(number(row, "cpu_celsius"));
    if (!row.at("cpu_mhz").is_null()) megahertz_.add(number(row, "cpu_mhz"));
    machine_ = fmt::format("{} · {} · brim {} ({})", printable_line(row.at("cpu").get<std::string>()),
                           row.at("isa").get<std::string>(), row.at("version").get<std::string>(),
                           row.at("commit").get<std::string>());
  }

  void finish() override {
    if (rows_.empty()) return;
    Cells widths{};
    const auto widen = [&](const Cells& cells) {
      for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = wider(widths[i], cells[i]);
    };
    widen(kHeader);
    for (const Cells& row : rows_) widen(row);
    std::string text = line(kHeader, widths) + "|";
    for (std::size_t i = 0; i < widths.size(); ++i) {
      text += std::string(widths[i].size() + (left(i) ? 2 : 1), '-') + (left(i) ? "|" : ":|");
    }
    text += "\n";
    for (const Cells& row : rows_) text += line(row, widths);
    text += "\n" + machine_ + "\nThe machine at most, medians around each test:";
    for (const auto& [threads, limits] : limits_) {
      text += fmt::format("{} {} {} {} GB/s ({} {} a thread), {} GOP/s", threads == limits_.begin()->first ? "" : " ·",
                          threads, threads == 1 ? "thread" : "threads", limits.read.text(1), limits.streams,
                          limits.streams == 1 ? "stream" : "streams", limits.int8.text(0));
    }
    if (celsius_.any() || megahertz_.any()) {
      text += fmt::format("\nRight after the tests: {}{}{}", celsius_.any() ? celsius_.text(0) + " °C" : "",
                          celsius_.any() && megahertz_.any() ? ", " : "",
                          megahertz_.any() ? megahertz_.text(0) + " MHz" : "");
    }
    write_output(text + "\n");
  }

 private:
  /// The smallest and the largest of some numbers, "15.2–21.0".
  struct Spread {
    double min = 1e300, max = 0;
    void add(double value) {
      min = std::min(min, value);
      max = std::max(max, value);
    }
    bool any() const { return min <= max; }
    std::string text(int digits) const {
      std::string low = fmt::format("{:.{}f}", min, digits), high = fmt::format("{:.{}f}", max, digits);
      return low == high ? low : low + "–" + high;
    }
  };
  /// The measured limits of the machine with one number of threads.
  struct Limits {
    Spread read, int8;
    int streams = 0;
  };

  using Cells = std::array<std::string, 13>;
  inline static const Cells kHeader = {
      "model", "weights", "threads", "KV",    "test", "tok/s", "min–max", "first token ms", "token ms p50 / p99",
      "GB/s",  "GOP/s",   "RSS MiB", "KV MiB"};

  /// A text as it appears in a table cell.
  static std::string cell(const std::string& text) {
    std::string shown = printable_line(text);
    for (std::size_t at = 0; (at = shown.find('|', at)) != std::string::npos; at += 2) shown.insert(at, 1, '\\');
    return shown;
  }
  static bool left(std::size_t column) { return column <= 1 || column == 3 || column == 4; }
  /// The number of columns that a text takes: one per byte that is not a UTF-8 continuation byte.
  static std::size_t columns(const std::string& text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
  }
  /// A text of dashes, as wide as the wider of the two.
  static std::string wider(const std::string& width, const std::string& cell) {
    return std::string(std::max(width.size(), columns(cell)), '-');
  }
  static std::string line(const Cells& cells, const Cells& widths) {
    std::string text = "|";
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string space(widths[i].size() - columns(cells[i]), ' ');
      text += left(i) ? " " + cells[i] + space + " |" : " " + space + cells[i] + " |";
    }
    return text + "\n";
  }

  std::vector<Cells> rows_;
  std::map<int, Limits> limits_;
  Spread celsius_, megahertz_;  ///< a board that gets hot slows down: the extremes of all rows show it
  std::string machine_;
};

}  // namespace

std::unique_ptr<Output> make_output(std::string_view format) {
  if (format == "csv") return std::make_unique<Csv>();
  if (format == "json") return std::make_unique<JsonArray>();
  if (format == "jsonl") return std::make_unique<JsonLines>();
  return std::make_unique<Markdown>();
}

}  // namespace brim::apps::bench
