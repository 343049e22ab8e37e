// How help texts are laid out: CLI11's layout, with descriptions wrapped to 80 columns and no ranges in type names.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace brim::apps {

class HelpLayout : public CLI::Formatter {
 public:
  std::string make_option_desc(const CLI::Option* option) const override;
};

}  // namespace brim::apps
