// Standard input, output and error are always open: a file that Brim opens never gets one of their numbers.
#pragma once

namespace brim::apps {

/// Opens /dev/null on each of the descriptors 0 to 2 that the caller left closed. Call it before anything else opens a file:
/// progress text would otherwise be written into the model that got descriptor 2. Without /dev they are open too, and using
/// them fails; where even this is impossible the program ends with exit code 1.
void open_standard_descriptors() noexcept;

}  // namespace brim::apps
