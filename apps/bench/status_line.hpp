// One line on standard error about what is being measured, rewritten in place; only on a terminal.
#pragma once

#include <string_view>

namespace brim::apps::bench {

class StatusLine {
 public:
  StatusLine();
  ~StatusLine();
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  void show(std::string_view text);
  void clear();

 private:
  bool terminal_;
  bool shown_ = false;
};

}  // namespace brim::apps::bench
