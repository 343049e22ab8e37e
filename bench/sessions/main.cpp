// Steps 1, 2, 4, 8 and 16 sessions of a model together, and prints how many tokens per second all of them get.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "brim/brim.hpp"

namespace {

struct Wish {
  std::string path;
  int depth = 512, steps = 24, rounds = 3;
  std::string threads = "2";
};

double rate(const brim::Model& model, const Wish& wish, int count) {
  const std::string context = std::to_string(wish.depth + wish.steps + 16);
  std::vector<brim::Session> sessions;
  for (int i = 0; i < count; ++i) {
    sessions.emplace_back(
        model,
        brim::Options{
            {"context", context.c_str()}, {"kv.budget", "full"}, {"stop.ignore_eos", "1"}, {"temperature", "0"}});
    std::vector<std::int32_t> ids;
    for (int t = 0; t < wish.depth; ++t) ids.push_back((t * 7919 + i * 31) % 20000 + 10);
    sessions.back().append(ids);
  }
  std::vector<brim::Session*> all;
  for (brim::Session& session : sessions) all.push_back(&session);
  const auto step = [&] {
    for (const auto& outcome : brim::Session::next_together(all)) {
      if (outcome.status != BRIM_OK) throw std::runtime_error(std::string(outcome.error));
    }
  };
  for (int i = 0; i < 3; ++i) step();  // the first one samples without a pass
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < wish.steps; ++i) step();
  return count * wish.steps / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int main(int argc, char** argv) {
  Wish wish;
  CLI::App app(
      "Tokens per second of several sessions that share passes: medians over rounds, and the smallest and the largest");
  app.add_option("model", wish.path, "A GGUF file with more than 20,010 tokens")->required();
  app.add_option("--depth", wish.depth, "Tokens that each session has read")->capture_default_str();
  app.add_option("--steps", wish.steps, "Tokens that each session generates")->capture_default_str();
  app.add_option("--rounds", wish.rounds, "How often each number of sessions has its turn")->capture_default_str();
  app.add_option("-t,--threads", wish.threads, "Threads")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    const brim::Model model = brim::Model::load(wish.path, {{"threads", wish.threads.c_str()}});
    constexpr int kCounts[] = {1, 2, 4, 8, 16};
    std::vector<std::vector<double>> rates(std::size(kCounts));
    for (int round = 0; round < wish.rounds; ++round) {
      for (std::size_t i = 0; i < rates.size(); ++i) rates[i].push_back(rate(model, wish, kCounts[i]));
    }
    for (std::size_t i = 0; i < rates.size(); ++i) {
      std::sort(rates[i].begin(), rates[i].end());
      fmt::print("{:2} sessions: {:6.1f} tok/s ({:.1f} to {:.1f})\n", kCounts[i], rates[i][rates[i].size() / 2],
                 rates[i].front(), rates[i].back());
    }
  } catch (const std::exception& failure) {
    fmt::print(stderr, "bench_sessions: {}\n", failure.what());
    return 1;
  }
  return 0;
}
