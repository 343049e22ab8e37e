// GET /slots: what each seat holds.
#include "apps/serve/endpoints.hpp"

namespace brim::apps::serve {

Outcome Endpoints::slots(const Call&) const {
  const std::int32_t seats = answers_.stats().seats;
  OrderedJson all = OrderedJson::array();
  for (std::int32_t number = 0; number < seats; ++number) {
    const brim_seat seat = answers_.seat(number);
    OrderedJson slot = {{"id", number},
                        {"model", served_.id},
                        {"is_processing", seat.busy != 0},
                        {"n_ctx", served_.context},
                        {"tokens", seat.tokens},
                        {"kv_bytes", seat.kv_bytes},
                        {"kv_budget_bytes", seat.kv_budget_bytes}};
    all.push_back(std::move(slot));
  }
  return json_reply(all);
}

}  // namespace brim::apps::serve
