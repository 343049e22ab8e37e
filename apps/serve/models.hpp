// The models that are served, each with a scheduler and a computing thread of its own, and which of them a request is for.
#pragma once

#include <brim/scheduler.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "apps/serve/answers.hpp"
#include "apps/serve/endpoints.hpp"

namespace brim::apps::serve {

/// After the last add() it does not change, and any thread may call any function.
class Models {
 public:
  Models() = default;
  ~Models() { end(); }
  Models(const Models&) = delete;
  Models& operator=(const Models&) = delete;

  /// The first one is for requests that name none. Starts its computing thread.
  void add(Model model, Scheduler scheduler, ServedModel served);

  struct Handled {
    Outcome outcome;
    Answers* answers = nullptr;  ///< of the model that the request is for
  };
  /// As Endpoints::handle(), by the endpoints of the model that is named: in the path, in its query, or as the member
  /// `model` of the body. A name that is not known goes to the first one, whose endpoints refuse it. Lists have the models of all.
  Handled handle(const Call& call) const;
  /// Ends all computing threads: see Answers::end().
  void end() noexcept;
  /// Of the model number `at`, in the order of add().
  brim_scheduler_stats stats(std::size_t at) const { return entries_[at]->answers.stats(); }

 private:
  struct Entry {
    Entry(Model own, Scheduler scheduler, ServedModel served)
        : id(served.id), model(std::move(own)), answers(std::move(scheduler)), endpoints(model, answers, served) {}
    std::string id;
    Model model;
    Answers answers;
    Endpoints endpoints;
  };
  Entry& chosen(const Call& call) const;
  Outcome joined(const Call& call, std::string_view member) const;
  Outcome counters(const Call& call) const;
  std::vector<std::unique_ptr<Entry>> entries_;
};

/// The member `model`, or another one, of a body that is an object, without its other members being kept; "" where there
/// is none, it is not a string, or the body is not JSON.
std::string named_model(std::string_view body, std::string_view member = "model");

}  // namespace brim::apps::serve
