// The layout of help texts: CLI11's layout, with usage lines that show the model, descriptions wrapped to 80 columns,
// and only the kind of its value next to an option.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace brim::apps {

class HelpLayout : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
  std::string make_description(const CLI::App* app) const override;
  std::string make_usage(const CLI::App* app, std::string name) const override;
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
  std::string make_subcommand(const CLI::App* command) const override;
};

}  // namespace brim::apps
