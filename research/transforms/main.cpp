// `transform_model IN.gguf OUT.gguf`: see README.md.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/number_text.hpp"
#include "engine/base/quote.hpp"
#include "research/transforms/write.hpp"

namespace brim::research {
namespace {

struct Arguments {
  std::string input, output;
  std::vector<std::string> key_outliers, value_outliers;
  std::optional<std::uint64_t> seed;
};

/// "LAYER:CHANNEL:FACTOR".
struct Outlier {
  std::optional<kv::LayerId> layer;
  int channel = 0;
  float factor = 1;
};

Result<Outlier> parse_outlier(std::string_view option, std::string_view text) {
  const auto wrong = [&] {
    return error(ErrorCode::invalid_argument, option, ": expected LAYER:CHANNEL:FACTOR, as 3:7:8 or all:7:8, found ",
                 quoted(text));
  };
  const std::size_t one = text.find(':');
  const std::size_t two = one == std::string_view::npos ? one : text.find(':', one + 1);
  if (two == std::string_view::npos) return wrong();
  Outlier outlier;
  if (text.substr(0, one) != "all") {
    const auto layer = parse_integer<std::int32_t>(text.substr(0, one));
    if (!layer || *layer < 0) return wrong();
    outlier.layer = static_cast<kv::LayerId>(*layer);
  }
  const auto channel = parse_integer<int>(text.substr(one + 1, two - one - 1));
  const auto factor = parse_number(text.substr(two + 1));
  if (!channel || !factor) return wrong();
  outlier.channel = *channel;
  outlier.factor = static_cast<float>(*factor);
  return outlier;
}

Status transform(const Arguments& arguments) {
  std::vector<Transform> transforms;
  for (const std::string& text : arguments.key_outliers) {
    BRIM_ASSIGN(const Outlier outlier, parse_outlier("--key-outlier", text));
    transforms.emplace_back(KeyOutlier{outlier.layer, outlier.channel, outlier.factor});
  }
  for (const std::string& text : arguments.value_outliers) {
    BRIM_ASSIGN(const Outlier outlier, parse_outlier("--value-outlier", text));
    transforms.emplace_back(ValueOutlier{outlier.layer, outlier.channel, outlier.factor});
  }
  BRIM_ASSIGN(const io::Gguf model, io::Gguf::open(arguments.input));
  if (arguments.seed) {
    BRIM_ASSIGN(const model::Config config, model::read_config(model));
    for (Transform& order : random_head_orders(config, *arguments.seed)) transforms.push_back(std::move(order));
  }
  return write_transformed(model, transforms, arguments.output);
}

}  // namespace
}  // namespace brim::research

int main(int argc, char** argv) {
  brim::research::Arguments arguments;
  CLI::App app{"Writes a model in F32 that computes the same, but stores larger keys or values, or other KV heads.",
               "transform_model"};
  app.add_option("IN", arguments.input, "the model, a GGUF file; of a split one the first part")->required();
  app.add_option("OUT", arguments.output, "the GGUF file to write")->required();
  app.add_option(
         "--key-outlier", arguments.key_outliers,
         "LAYER:PAIR:FACTOR, a rotary pair of each key times FACTOR, of its queries divided by it; LAYER may be "
         "all; may be given several times")
      ->expected(1, 1 << 20)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--value-outlier", arguments.value_outliers,
                 "LAYER:DIMENSION:FACTOR, a dimension of each value times FACTOR, the output matrix's columns divided")
      ->expected(1, 1 << 20)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--permute-heads", arguments.seed, "KV heads of every layer in an order drawn from this seed");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& failure) {
    app.exit(failure);
    return 2;
  }
  const brim::Status status = brim::research::transform(arguments);
  if (status) return 0;
  std::fprintf(stderr, "transform_model: %s\n", status.error().sentence.c_str());
  return status.error().code == brim::ErrorCode::out_of_memory ? 1 : 2;
}
