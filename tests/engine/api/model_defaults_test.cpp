// Defaults for sampling in a model's file (general.sampling.*): they count where the caller says nothing, and are checked
// as what the caller says is. Tokens that the file suppresses are never picked. A template for tools is loaded.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "engine/api/options.hpp"
#include "engine/generate/session.hpp"
#include "engine/model/model.hpp"
#include "tests/support/tiny_file.hpp"

namespace brim::test::model_defaults {
namespace {

std::shared_ptr<const model::Model> model_with(const std::function<void(io::GgufWriter&)>& change) {
  TinyModel tiny;
  tiny.change = change;
  const TinyFile file(tiny);
  auto model = model::Model::load(file.path);
  REQUIRE(model);
  return *model;
}

generate::SamplingOptions sampling_of(const api::OptionList& given, const model::Model& model) {
  const auto list = api::with_model_defaults(given, model.file());
  REQUIRE(list);
  const auto options = api::session_options(*list);
  REQUIRE(options);
  return options->sampling;
}

std::string beginning(const std::shared_ptr<const model::Model>& model) {
  generate::SessionOptions options;
  options.sampling.temperature = 0;
  options.ignore_end_tokens = true;
  auto session = generate::Session::create(model, options);
  REQUIRE(session);
  REQUIRE((*session)->append("the cat", {}));
  std::string text;
  for (int token = 0; token < 3; ++token) {
    const auto piece = (*session)->next();
    REQUIRE(piece);
    text += piece->text;
  }
  return text;
}

}  // namespace

TEST_CASE("a file's sampling is the default, and what the caller gives wins") {
  const auto model = model_with([](io::GgufWriter& writer) {
    writer.set_f32("general.sampling.temp", 0.95f);
    writer.set_u32("general.sampling.top_k", 64);
    writer.set_f32("general.sampling.penalty_repeat", 1.05f);
    writer.set_string("general.sampling.sequence", "kfypmxt");
  });
  CHECK(sampling_of({}, *model).temperature == 0.95);
  CHECK(sampling_of({}, *model).top_k == 64);
  CHECK(sampling_of({}, *model).repeat_penalty == 1.05);
  CHECK(sampling_of({}, *model).top_p == 0.95);  // Brim's
  CHECK(sampling_of({{"top_k", "7"}}, *model).top_k == 7);
  CHECK(sampling_of({{"top_k", "7"}}, *model).temperature == 0.95);
  const auto plain = model_with([](io::GgufWriter&) {});
  CHECK(sampling_of({}, *plain).temperature == 0.8);
}

TEST_CASE("a default that the option does not take is refused with the file's name") {
  const auto model = model_with([](io::GgufWriter& writer) { writer.set_f32("general.sampling.top_p", 3.0f); });
  const auto list = api::with_model_defaults({}, model->file());
  REQUIRE(!list);
  CHECK(list.error().code == ErrorCode::bad_file);
  CHECK(list.error().sentence.find("top_p is 3") != std::string::npos);
  TinyModel tiny;
  tiny.change = [](io::GgufWriter& writer) { writer.set_string("general.sampling.temp", "warm"); };
  const TinyFile file(tiny);
  const auto wrong = model::Model::load(file.path);
  REQUIRE(!wrong);
  CHECK(wrong.error().sentence.find("'general.sampling.temp'") != std::string::npos);
}

TEST_CASE("a token that the file suppresses is never picked") {
  const auto plain = model_with([](io::GgufWriter&) {});
  REQUIRE(plain->config().vocabulary == 392);
  const std::string expected = beginning(plain);
  const auto allowed_only = [&](std::int32_t id) {
    return model_with([&](io::GgufWriter& writer) {
      std::vector<std::int32_t> suppressed;
      for (std::int32_t other = 0; other < 392; ++other) {
        if (other != id) suppressed.push_back(other);
      }
      writer.set_i32s("tokenizer.ggml.suppress_tokens", suppressed);
    });
  };
  constexpr std::int32_t kDog = 389;  // "▁dog"
  CHECK(plain->tokenizer().piece(kDog, false) == " dog");
  CHECK(beginning(allowed_only(kDog)).find("dog") != std::string::npos);
  CHECK(beginning(model_with([](io::GgufWriter& writer) {
          writer.set_i32s("tokenizer.ggml.suppress_tokens", std::vector<std::int32_t>{});
        })) == expected);
}

TEST_CASE("the template for requests with tools is loaded with the model") {
  const auto model = model_with([](io::GgufWriter& writer) {
    writer.set_string("tokenizer.chat_template", "{{ 1 }}");
    writer.set_string("tokenizer.chat_template.tool_use", "{{ 2 }}");
  });
  CHECK(model->chat_template() == "{{ 1 }}");
  CHECK(model->tool_template() == "{{ 2 }}");
  CHECK(model_with([](io::GgufWriter&) {})->tool_template().empty());
}

}  // namespace brim::test::model_defaults
