// This program and others.
#pragma once

#include <string>
#include <vector>

namespace brim::platform {

/// The path of the file that this program was started from; empty when the system does not tell.
std::string this_program();
/// Whether the shell would find a program of that name.
bool can_run(const std::string& name);
/// Runs a program, found by the name that words[0] is, and waits for it. Returns its exit code; −1 when it could not be started or
/// was ended by a signal.
int run_program(std::vector<std::string> words);
/// Runs this program once more, with arguments as main() has them, and waits for it. Returns as run_program().
int run_this_program(char** words);

/// Sets a variable of this process's environment, also where it is set already if `replace`. No other thread may look meanwhile.
void set_environment(const char* name, const char* value, bool replace) noexcept;

}  // namespace brim::platform
