// `synth_model SHAPE OUT.gguf`: see README.md.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bench/synth_model/random_weights.hpp"
#include "bench/synth_model/shape.hpp"
#include "bench/synth_model/vocabulary.hpp"
#include "engine/base/size_text.hpp"
#include "kernels/threads.hpp"
#include "platform/program/standard_streams.hpp"
#include "platform/program/terminal.hpp"
#include "quant/mix.hpp"
#include "quant/row.hpp"

namespace brim::bench {
namespace {

struct Arguments {
  std::string shape, output, type = "q4_0";
  std::uint64_t seed = 1;
  int vocabulary = 0, layers = 0, threads = 0;
  bool full_vocabulary = false, pure = false;
};

/// Formats according to the rules of a mix; a format without a mix is used for all matrices.
class Formats {
 public:
  static Result<Formats> of(const std::string& type, bool pure, const Shape& shape,
                            const std::vector<TensorPlan>& tensors) {
    Formats formats;
    formats.mix_ = quant::mix_from_name(type);
    formats.pure_ = pure;
    const std::optional<quant::Format> format = quant::format_from_name(type);
    if (!formats.mix_ && !format)
      return error(ErrorCode::invalid_argument, "\"", type, "\" is not a type that can be written");
    formats.format_ = format.value_or(quant::Format::f32);
    const auto values = std::count_if(tensors.begin(), tensors.end(),
                                      [](const TensorPlan& one) { return quant::is_attention_value(one.name); });
    formats.facts_ = {shape.architecture,       shape.layers, shape.parts.experts, shape.heads / shape.kv_heads,
                      static_cast<int>(values), shape.tied};
    return formats;
  }

  quant::Format choose(const TensorPlan& tensor) {
    if (tensor.format || tensor.shape.size() < 2) return tensor.format.value_or(quant::Format::f32);
    if (!mix_) return tensor.shape[0] % quant::info(format_).block_length == 0 ? format_ : quant::Format::f16;
    const int index = quant::is_attention_value(tensor.name) ? value_tensors_++ : 0;
    const quant::TensorFacts facts{tensor.name, static_cast<int>(tensor.shape.size()), tensor.shape[0],
                                   quant::Format::f32, index};
    return quant::choose_format(*mix_, pure_, facts_, facts).format;
  }

  /// general.file_type; formats without a mix have llama.cpp's numbers.
  std::uint32_t file_type() const {
    if (mix_) return quant::mixes()[static_cast<std::size_t>(*mix_)].file_type;
    switch (format_) {
      case quant::Format::iq2_xxs:
        return 19;
      case quant::Format::iq2_xs:
        return 20;
      case quant::Format::iq3_xxs:
        return 23;
      case quant::Format::iq1_s:
        return 24;
      case quant::Format::iq4_nl:
        return 25;
      case quant::Format::iq3_s:
        return 26;
      case quant::Format::iq2_s:
        return 28;
      case quant::Format::iq4_xs:
        return 30;
      case quant::Format::iq1_m:
        return 31;
      case quant::Format::tq1_0:
        return 36;
      case quant::Format::tq2_0:
        return 37;
      case quant::Format::nvfp4:
        return 39;
      case quant::Format::q1_0:
        return 40;
      default:
        return 1024;  // unknown
    }
  }

 private:
  std::optional<quant::Mix> mix_;
  quant::Format format_ = quant::Format::f32;
  quant::ModelFacts facts_;
  bool pure_ = false;
  int value_tensors_ = 0;
};

std::int64_t rows_of(const TensorPlan& tensor) {
  std::int64_t rows = 1;
  for (std::size_t i = 1; i < tensor.shape.size(); ++i) rows *= tensor.shape[i];
  return rows;
}

Status write_tensors(const std::vector<TensorPlan>& tensors, const std::vector<quant::Format>& formats,
                     RandomWeights& weights, io::GgufWriter& writer) {
  const bool terminal = platform::is_terminal(platform::kStandardError);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const TensorPlan& tensor = tensors[i];
    if (terminal) fmt::print(stderr, "\r\033[K{}/{}  {}", i + 1, tensors.size(), tensor.name);
    if (tensor.shape.size() < 2 || !tensor.exact.empty()) {
      const std::vector<float> values =
          tensor.exact.empty() ? weights.vector(tensor.shape[0], tensor.mean, tensor.deviation) : tensor.exact;
      BRIM_TRY(writer.write(std::as_bytes(std::span(values))));
    } else {
      const std::int64_t quiet = tensor.shape[0] * tensor.quiet_rows;
      BRIM_TRY(weights.write_values(formats[i], tensor.shape[0] * rows_of(tensor) - quiet, tensor.deviation, writer));
      if (quiet > 0) BRIM_TRY(weights.write_values(formats[i], quiet, tensor.deviation / 4, writer));
    }
  }
  if (terminal) fmt::print(stderr, "\r\033[K");
  return writer.finish();
}

Status synthesize(const Arguments& arguments) {
  const Shape* found = find_shape(arguments.shape);
  if (found == nullptr)
    return error(ErrorCode::invalid_argument, "no shape is called \"", arguments.shape, "\"; see --help");
  Shape shape = *found;
  if (arguments.layers > 0) shape.layers = arguments.layers;
  const int smallest = smallest_vocabulary(shape.family);
  if (arguments.vocabulary > 0)
    shape.vocabulary = arguments.vocabulary;
  else if (!arguments.full_vocabulary)
    shape.vocabulary = (smallest + 31) / 32 * 32;
  BRIM_ASSIGN(const SynthVocabulary vocabulary, make_vocabulary(shape.family, shape.vocabulary));
  const std::vector<TensorPlan> tensors = tensors_of(shape, vocabulary.specials);
  BRIM_ASSIGN(Formats formats, Formats::of(arguments.type, arguments.pure, shape, tensors));

  io::GgufWriter writer;
  describe_shape(shape, writer);
  writer.set_u32("general.quantization_version", 2);
  writer.set_u32("general.file_type", formats.file_type());
  describe_vocabulary(vocabulary, shape.family, writer);
  std::vector<quant::Format> chosen;
  std::uint64_t values = 0, bytes = 0;
  for (const TensorPlan& tensor : tensors) {
    chosen.push_back(formats.choose(tensor));
    writer.add_tensor(tensor.name, chosen.back(), tensor.shape);
    const std::int64_t rows = rows_of(tensor);
    values += static_cast<std::uint64_t>(tensor.shape[0] * rows);
    bytes += quant::row_bytes(chosen.back(), tensor.shape[0]) * static_cast<std::uint64_t>(rows);
  }
  BRIM_TRY(writer.begin(arguments.output));
  RandomWeights weights(arguments.seed, arguments.threads > 0 ? arguments.threads : kernels::default_threads());
  BRIM_TRY(write_tensors(tensors, chosen, weights, writer));
  fmt::print("{}: {} {}, {:.1f} million parameters, {} tokens, {}\n", arguments.output, shape.name, arguments.type,
             static_cast<double>(values) / 1e6, shape.vocabulary, size_text(bytes));
  return {};
}

}  // namespace
}  // namespace brim::bench

int main(int argc, char** argv) {
  brim::bench::Arguments arguments;
  CLI::App app{
      "Writes a GGUF file with the shape of a well-known model, random weights and a small working vocabulary.",
      "synth_model"};
  std::string names;
  for (const brim::bench::Shape& shape : brim::bench::shapes())
    names += (names.empty() ? "" : ", ") + std::string(shape.name);
  app.add_option("SHAPE", arguments.shape, "one of " + names)->required();
  app.add_option("OUT", arguments.output, "the GGUF file to write")->required();
  app.add_option("--type", arguments.type, "a format (q4_0, iq4_xs, f16, …) or a mix (q4_k_m, …)")
      ->capture_default_str();
  app.add_flag("--pure", arguments.pure, "all matrices in the one format that the type is named after");
  app.add_option("--seed", arguments.seed, "other weights")->capture_default_str();
  CLI::Option* size =
      app.add_option("--vocab", arguments.vocabulary, "how many tokens; the smallest number that works if not given")
          ->check(CLI::Range(1, 10'000'000));
  app.add_flag("--full-vocab", arguments.full_vocabulary, "as many tokens as the model of this shape has")
      ->excludes(size);
  app.add_option("--layers", arguments.layers, "fewer or more layers than the shape has")->check(CLI::Range(1, 1000));
  app.add_option("-t,--threads", arguments.threads, "any number writes the same file; as for brim run if not given")
      ->check(CLI::Range(1, 512));
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& failure) {
    app.exit(failure);
    return 2;
  }
  const brim::Status status = brim::bench::synthesize(arguments);
  if (status) return 0;
  std::fprintf(stderr, "synth_model: %s\n", status.error().sentence.c_str());
  return status.error().code == brim::ErrorCode::invalid_argument ? 2 : 1;
}
