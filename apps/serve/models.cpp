// See models.hpp.
#include "apps/serve/models.hpp"

#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "apps/serve/metrics.hpp"

namespace brim::apps::serve {
namespace {

constexpr std::string_view kModelPath = "/v1/models/";

/// Lists of models, and the member of the answer that has them; "": the answer is the list.
struct List {
  std::string_view path, member;
};
constexpr List kLists[] = {{"/v1/models", "data"}, {"/api/tags", "models"}, {"/api/ps", "models"}, {"/slots", ""}};

/// Keeps one string of a JSON text. Nothing here depends on how deep the text is.
class ModelMember final : public nlohmann::json_sax<Json> {
 public:
  explicit ModelMember(std::string_view member) : member_(member) {}

  std::string name;

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool string(string_t& text) override {
    if (depth_ == 1 && here_) name = text;
    return true;
  }
  bool key(string_t& text) override {
    here_ = depth_ == 1 && text == member_;
    return true;
  }
  bool start_object(std::size_t) override { return begin(); }
  bool start_array(std::size_t) override { return begin(); }
  bool end_object() override { return end(); }
  bool end_array() override { return end(); }
  bool parse_error(std::size_t, const std::string&, const Json::exception&) override { return false; }

 private:
  bool begin() {
    ++depth_;
    return true;
  }
  bool end() {
    --depth_;
    return true;
  }
  std::string_view member_;
  std::size_t depth_ = 0;
  bool here_ = false;  ///< the value that comes next is the member's
};

}  // namespace

std::string named_model(std::string_view body, std::string_view member) {
  ModelMember found(member);
  return Json::sax_parse(body.begin(), body.end(), &found) ? found.name : std::string();
}

void Models::add(Model model, Scheduler scheduler, ServedModel served) {
  entries_.push_back(std::make_unique<Entry>(std::move(model), std::move(scheduler), std::move(served)));
}

void Models::end() noexcept {
  for (const auto& entry : entries_) entry->answers.end();
}

Models::Entry& Models::chosen(const Call& call) const {
  if (entries_.size() == 1) return *entries_.front();
  std::string name;
  try {
    if (call.path.starts_with(kModelPath)) {
      name = percent_decoded(std::string_view(call.path).substr(kModelPath.size()));
    } else if (name = query_value(call.query, "model"); name.empty()) {
      name = named_model(call.body);
      if (name.empty() && call.path == "/api/show") name = named_model(call.body, "name");  // an older form
    }
  } catch (const Refusal&) {
    // The first one's endpoints say so.
  }
  for (const auto& entry : entries_) {
    if (name == entry->id) return *entry;
  }
  for (const auto& entry : entries_) {  // ollama's clients add the tag, or leave it out
    if (name == entry->id + ":latest" || name + ":latest" == entry->id) return *entry;
  }
  return *entries_.front();
}

// The lists of all models as one.
Outcome Models::joined(const Call& call, std::string_view member) const {
  OrderedJson all;
  Reply reply;
  for (const auto& entry : entries_) {
    Outcome outcome = entry->endpoints.handle(call);
    Reply* const one = std::get_if<Reply>(&outcome);
    if (one == nullptr || one->status != 200) return outcome;
    OrderedJson json = OrderedJson::parse(one->body);
    if (all.is_null()) {
      reply = std::move(*one);
      all = std::move(json);
      continue;
    }
    OrderedJson& list = member.empty() ? all : all.at(std::string(member));
    for (OrderedJson& model : member.empty() ? json : json.at(std::string(member))) list.push_back(std::move(model));
  }
  reply.body = json_text(all) + "\n";
  return reply;
}

Outcome Models::counters(const Call& call) const {
  Outcome outcome = entries_.front()->endpoints.handle(call);
  Reply* const reply = std::get_if<Reply>(&outcome);
  if (reply == nullptr || reply->status != 200) return outcome;
  std::vector<ModelCounters> all;
  for (const auto& entry : entries_) {
    all.push_back({entry->id, entry->answers.stats(), entry->model.info().weight_bytes});
  }
  reply->body = metrics_text(all);
  return outcome;
}

Models::Handled Models::handle(const Call& call) const {
  if (entries_.size() > 1 && (call.method == "GET" || call.method == "HEAD")) {
    Answers* const first = &entries_.front()->answers;
    if (call.path == "/metrics") return {counters(call), first};
    for (const List& list : kLists) {
      if (call.path == list.path) return {joined(call, list.member), first};
    }
  }
  Entry& entry = chosen(call);
  return {entry.endpoints.handle(call), &entry.answers};
}

}  // namespace brim::apps::serve
