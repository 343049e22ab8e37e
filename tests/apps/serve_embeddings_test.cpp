// How `brim serve` reads requests for embeddings, in both forms, and what it makes of the vectors.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "apps/serve/embedding_body.hpp"
#include "apps/serve/families/embeddings.hpp"
#include "tests/support/random.hpp"

namespace serve_embeddings {

using namespace brim::apps::serve;
using brim::Session;
using Parsed = nlohmann::json;
using Pooling = brim::Scheduler::Request::Embedding;
using Ids = std::vector<std::int32_t>;

constexpr const char* kOpenAi = "/v1/embeddings";
constexpr const char* kOllama = "/api/embed";

EmbeddingRequest read_at(const char* path, const std::string& body) {
  return embedding_family_of(path)->read(parse_body(body));
}
EmbeddingRequest openai(const std::string& members) { return read_at(kOpenAi, "{" + members + "}"); }
EmbeddingRequest ollama(const std::string& members) { return read_at(kOllama, "{" + members + "}"); }

/// The member that a refusal with status 400 names; "(taken)" where there is no refusal.
std::string refused_member(const char* path, const std::string& members) {
  try {
    (void)read_at(path, "{" + members + "}");
  } catch (const Refusal& refusal) {
    CHECK(refusal.status == 400);
    return refusal.param;
  }
  return "(taken)";
}

std::string texts(std::size_t count) {
  std::string list = R"("input": ["a")";
  for (std::size_t i = 1; i < count; ++i) list += R"(, "a")";
  return list + "]";
}

EmbeddingJob job_of(const char* path, std::vector<Ids> inputs, bool as_base64 = false) {
  EmbeddingJob job;
  job.family = embedding_family_of(path);
  job.model = "tiny";
  job.inputs = std::move(inputs);
  job.listed = true;
  job.base64 = as_base64;
  job.seconds = 60;
  return job;
}

AnswerPiece vector_piece(std::vector<float> vector, std::int64_t tokens) {
  AnswerPiece piece;
  piece.embedding = std::move(vector);
  piece.prompt_tokens = tokens;
  piece.end = Session::End::limit;
  return piece;
}

AnswerPiece failed_piece(brim_status status, const std::string& sentence) {
  AnswerPiece piece;
  piece.status = status;
  piece.text = sentence;
  return piece;
}

/// Of every size from tiny to 1, with both signs.
std::vector<float> random_vector(brim::test::Random& random, std::size_t width) {
  std::vector<float> vector(width);
  for (float& value : vector) value = std::ldexp(random.unit(), -static_cast<int>(random.pick(0, 120)));
  return vector;
}

TEST_CASE("an input is a text or token ids, alone or in a list") {
  const EmbeddingRequest text = openai(R"("input": "the dog", "model": "m")");
  REQUIRE(text.inputs.size() == 1);
  CHECK(text.inputs[0].text == "the dog");
  CHECK(text.inputs[0].ids.empty());
  CHECK(!text.listed);
  CHECK(text.model == "m");
  const EmbeddingRequest ids = openai(R"("input": [3, 0, 7])");
  REQUIRE(ids.inputs.size() == 1);
  CHECK(ids.inputs[0].ids == Ids{3, 0, 7});
  CHECK(!ids.listed);
  const EmbeddingRequest several = openai(R"("input": ["a", "b", "c"])");
  REQUIRE(several.inputs.size() == 3);
  CHECK(several.inputs[2].text == "c");
  CHECK(several.listed);
  const EmbeddingRequest lists = openai(R"("input": [[1, 2], [3]])");
  REQUIRE(lists.inputs.size() == 2);
  CHECK(lists.inputs[0].ids == Ids{1, 2});
  CHECK(lists.inputs[1].ids == Ids{3});
  CHECK(openai(texts(2048)).inputs.size() == 2048);
  CHECK(refused_member(kOpenAi, texts(2049)) == "input");
  CHECK(input_place(false, 0) == "input");
  CHECK(input_place(true, 12) == "input[12]");
}

TEST_CASE("inputs that are missing, empty or of another kind are refused by their place") {
  CHECK(refused_member(kOpenAi, "") == "input");
  CHECK(refused_member(kOpenAi, R"("input": null)") == "input");
  CHECK(refused_member(kOpenAi, R"("input": "")") == "input");
  CHECK(refused_member(kOpenAi, R"("input": [])") == "input");
  CHECK(refused_member(kOpenAi, R"("input": 5)") == "input");
  CHECK(refused_member(kOpenAi, R"("input": {"text": "a"})") == "input");
  CHECK(refused_member(kOpenAi, R"("input": ["a", ""])") == "input[1]");
  CHECK(refused_member(kOpenAi, R"("input": [[1], []])") == "input[1]");
  CHECK(refused_member(kOpenAi, R"("input": ["a", 5])") == "input[1]");
  CHECK(refused_member(kOpenAi, R"("input": [5, "a"])") == "input");
  CHECK(refused_member(kOpenAi, R"("input": [1.5])") == "input");
  CHECK(refused_member(kOpenAi, R"("input": [[1], [-1]])") == "input[1]");
  CHECK(refused_member(kOpenAi, R"("input": [[[1]]])") == "input[0]");
  CHECK(refused_member(kOllama, R"("input": [5])") == "input[0]");
  CHECK(refused_member(kOllama, R"("input": [[5]])") == "input[0]");
  CHECK(refused_member(kOllama, R"("input": [])") == "input");
}

TEST_CASE("how vectors are pooled and written, and what is refused or ignored") {
  const EmbeddingRequest plain = openai(R"("input": "a", "dimensions": null, "user": "u")");
  CHECK(!plain.base64);
  CHECK((plain.pooling == Pooling::last));
  CHECK(plain.ignored.empty());
  CHECK(openai(R"("input": "a", "encoding_format": "base64")").base64);
  CHECK(!openai(R"("input": "a", "encoding_format": "float")").base64);
  CHECK((openai(R"("input": "a", "pooling": "mean")").pooling == Pooling::mean));
  CHECK((ollama(R"("input": "a", "pooling": "mean")").pooling == Pooling::mean));
  CHECK(refused_member(kOpenAi, R"("input": "a", "encoding_format": "hex")") == "encoding_format");
  CHECK(refused_member(kOpenAi, R"("input": "a", "pooling": "max")") == "pooling");
  CHECK(refused_member(kOpenAi, R"("input": "a", "pooling": 1)") == "pooling");
  CHECK(refused_member(kOpenAi, R"("input": "a", "dimensions": 3)") == "dimensions");
  CHECK(refused_member(kOllama, R"("input": "a", "dimensions": 3)") == "dimensions");
  CHECK(refused_member(kOllama, R"("input": "a", "truncate": "yes")") == "truncate");
  CHECK(openai(R"("input": "a", "colour": 1)").ignored == std::vector<std::string>{"colour"});
  const EmbeddingRequest settings = ollama(
      R"("model": "tiny:latest", "input": "a", "truncate": true, "keep_alive": "5m", "options": {"num_ctx": 8})");
  CHECK(settings.model == "tiny");
  CHECK(settings.ignored == std::vector<std::string>{"truncate", "options.num_ctx"});
  CHECK(ollama(R"("input": "a", "truncate": false)").ignored.empty());
}

TEST_CASE("base64 is that of RFC 4648, of values as little-endian float32") {
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foob") == "Zm9vYg==");
  CHECK(base64("fooba") == "Zm9vYmE=");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64("\xFB\xFF\xFE") == "+//+");
  CHECK(base64_json(std::vector<float>{1.0f, -2.0f}) == "\"AACAPwAAAMA=\"");
}

TEST_CASE("numbers give the same floats again") {
  brim::test::Random random(29);
  std::vector<float> vector = random_vector(random, 500);
  vector.insert(vector.end(), {0.0f, 1.0f, -1.0f, 0.1f, std::numeric_limits<float>::denorm_min()});
  const Parsed numbers = Parsed::parse(numbers_json(vector));
  REQUIRE(numbers.size() == vector.size());
  for (std::size_t i = 0; i < vector.size(); ++i) {
    CAPTURE(i);
    CHECK(static_cast<float>(numbers[i].get<double>()) == vector[i]);
  }
  CHECK(numbers_json({}) == "[]");
}

TEST_CASE("inputs are requested one after another, and the reply has their vectors in order") {
  EmbeddingJob job = job_of(kOpenAi, {{1, 2}, {3}});
  job.pooling = Pooling::mean;
  job.key = "k";
  EmbeddingBody body(std::move(job));
  REQUIRE(body.more());
  const brim::Scheduler::Request first = body.next();
  CHECK(first.ids == Ids{1, 2});
  CHECK((first.embedding == Pooling::mean));
  CHECK(first.key == "k");
  CHECK(first.timeout_ms > 0);
  CHECK(first.timeout_ms <= 60000);
  body.add(vector_piece({0.5f, -0.25f}, 2));
  REQUIRE(body.more());
  CHECK(body.next().ids == Ids{3});
  body.add(vector_piece({1.0f, 0.0f}, 1));
  CHECK(!body.more());
  const Reply reply = body.whole();
  CHECK(reply.status == 200);
  CHECK(Parsed::parse(reply.body) == Parsed::parse(R"({"object": "list", "model": "tiny", "data": [
    {"object": "embedding", "index": 0, "embedding": [0.5, -0.25]},
    {"object": "embedding", "index": 1, "embedding": [1.0, 0.0]}], "usage": {"prompt_tokens": 3, "total_tokens": 3}})"));
}

TEST_CASE("the reply in ollama's form, and vectors as base64") {
  EmbeddingBody body(job_of(kOllama, {{1}, {2, 3}}));
  (void)body.next();
  body.add(vector_piece({0.5f}, 1));
  (void)body.next();
  body.add(vector_piece({-1.0f}, 2));
  const Parsed reply = Parsed::parse(body.whole().body);
  CHECK(reply.at("model") == "tiny");
  CHECK(reply.at("embeddings") == Parsed::parse("[[0.5], [-1.0]]"));
  CHECK(reply.at("prompt_eval_count") == 3);
  CHECK(reply.at("load_duration") == 0);
  CHECK(reply.at("total_duration").get<std::int64_t>() >= 0);
  EmbeddingBody other(job_of(kOpenAi, {{1}}, true));
  (void)other.next();
  other.add(vector_piece({1.0f, -2.0f}, 1));
  CHECK(Parsed::parse(other.whole().body).at("data").at(0).at("embedding") == "AACAPwAAAMA=");
}

TEST_CASE("a failure of one input fails the whole, with its place") {
  for (const char* const path : {kOpenAi, kOllama}) {
    CAPTURE(path);
    EmbeddingBody body(job_of(path, {{1}, {2}, {3}}));
    (void)body.next();
    body.add(vector_piece({1.0f}, 1));
    (void)body.next();
    body.add(failed_piece(BRIM_OUT_OF_MEMORY, "out of memory"));
    CHECK(!body.more());
    const Reply reply = body.whole();
    CHECK(reply.status == 503);
    const Parsed error = Parsed::parse(reply.body).at("error");
    CHECK((path == kOllama ? error : error.at("message")) == "input[1]: out of memory");
  }
  // A full queue is nothing that is wrong with the input: the same request may succeed later.
  EmbeddingBody full(job_of(kOpenAi, {{1}, {2}}));
  (void)full.next();
  Refusal later(429, "the queue is full", "", "queue_full");
  later.later = true;
  full.fail_input(later);
  const Reply reply = full.whole();
  CHECK(reply.status == 429);
  REQUIRE(!reply.headers.empty());
  CHECK(reply.headers[0].name == "Retry-After");
  const Parsed error = Parsed::parse(reply.body).at("error");
  CHECK(error.at("message") == "input[0]: the queue is full");
  CHECK(error.at("param").is_null());
  CHECK(refusal_of_input(Refusal(400, "it is long", "input", "c"), "input[4]").param == "input[4]");
  CHECK(refusal_of_input(Refusal(400, "it is long", "input", "c"), "input[4]").code == "c");
}

TEST_CASE("no input follows one that was stopped, and values that are not finite are an error") {
  EmbeddingBody stopped(job_of(kOpenAi, {{1}, {2}}));
  (void)stopped.next();
  stopped.stop();
  stopped.add(vector_piece({1.0f}, 1));
  CHECK(!stopped.more());
  const Reply reply = stopped.whole();
  CHECK(reply.status == 504);
  CHECK(reply.body.find("input[1]: ") != std::string::npos);
  EmbeddingBody complete(job_of(kOpenAi, {{1}}));
  (void)complete.next();
  complete.stop();
  complete.add(vector_piece({1.0f}, 1));
  CHECK(complete.whole().status == 200);  // it was the last one
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    EmbeddingBody damaged(job_of(kOpenAi, {{1}}));
    (void)damaged.next();
    damaged.add(vector_piece({0.5f, value}, 1));
    CHECK(damaged.whole().status == 500);
  }
}

TEST_CASE("a reply is never longer than was reserved for it") {
  brim::test::Random random(30);
  for (const char* const path : {kOpenAi, kOllama}) {
    for (const bool as_base64 : {false, true}) {
      for (const std::size_t width : std::vector<std::size_t>{1, 2, 3, 64, 301}) {
        CAPTURE(path);
        CAPTURE(as_base64);
        CAPTURE(width);
        const auto count = static_cast<std::size_t>(random.pick(1, 30));
        EmbeddingJob job = job_of(path, std::vector<Ids>(count, Ids{1}), as_base64);
        job.model = "\x01\"a name\x1f";
        EmbeddingBody body(std::move(job));
        while (body.more()) {
          (void)body.next();
          body.add(vector_piece(random_vector(random, width), std::numeric_limits<std::int32_t>::max()));
        }
        const Reply reply = body.whole();
        CHECK(reply.body.size() <= body.max_bytes(width));
        CHECK(Parsed::accept(reply.body));
      }
    }
  }
}

}  // namespace serve_embeddings
