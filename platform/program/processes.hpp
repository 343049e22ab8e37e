// This program and other programs.
#pragma once

#include <string>
#include <vector>

namespace brim::platform {

/// The path of the file that this program was started from; empty when the system does not report it.
std::string this_program();
/// Whether the shell would find a program with that name.
bool can_run(const std::string& name);
/// Runs a program, found by the name in words[0], and waits for it. Returns its exit code; −1 when it could not be
/// started or was ended by a signal.
int run_program(std::vector<std::string> words);
/// Runs this program once more, with arguments in the form that main() gets, and waits for it. Returns the same as
/// run_program().
int run_this_program(char** words);

/// Sets a variable of this process's environment; an existing value is only replaced if `replace`. No other thread may
/// access the environment meanwhile.
void set_environment(const char* name, const char* value, bool replace) noexcept;

}  // namespace brim::platform
