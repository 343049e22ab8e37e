/* brim.h and scheduler.h are C: this file is compiled as pedantic C11 and linked into the tests of the C interface. */
#include <brim/brim.h>
#include <brim/scheduler.h>

size_t brim_c11_sizes(void);

size_t brim_c11_sizes(void) {
  brim_stats stats = {0};
  brim_piece piece = {0};
  brim_event event = {0};
  stats.size = sizeof stats;
  piece.size = sizeof piece;
  event.size = sizeof event;
  return stats.size + piece.size + event.size + (size_t)BRIM_OK;
}
