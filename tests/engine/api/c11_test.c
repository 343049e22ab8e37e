/* brim.h is C: this file is compiled as pedantic C11 and linked into the tests of the C interface. */
#include <brim/brim.h>

size_t brim_c11_sizes(void);

size_t brim_c11_sizes(void) {
  brim_stats stats = {0};
  brim_piece piece = {0};
  stats.size = sizeof stats;
  piece.size = sizeof piece;
  return stats.size + piece.size + (size_t)BRIM_OK;
}
