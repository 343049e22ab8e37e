// Handlers of a connection, for the two files that start operations.
#pragma once

#include <utility>

#include "apps/serve/connection.hpp"

namespace brim::apps::serve {

template <class Step>
auto Connection::handler(Step step) {
  return [self = shared_from_this(), step](boost::system::error_code failure, auto&&...) {
    if (self->state_ == State::closed) return;
    try {
      step(*self, failure);
    } catch (...) {
      self->abandon();
    }
  };
}

}  // namespace brim::apps::serve
