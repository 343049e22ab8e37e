// The names of CLI11's classes. Its header takes seconds to compile in every file that includes it, so only the files
// that call it do.
#pragma once

namespace CLI {
class App;
class Option;
class Validator;
}  // namespace CLI
