/* A program that knows only what is installed: prints a few tokens, or the library's sentence about the error. */
#include <brim/brim.h>
#include <stdio.h>
#include <string.h>

int main(int count, char** arguments) {
  brim_model* model = NULL;
  brim_session* session = NULL;
  brim_options* options = NULL;
  brim_piece piece;
  int tokens;
  if (count != 2) return 2;
  if (brim_options_create(&options) != BRIM_OK) return 1;
  brim_options_set(options, "kv.budget", "full");
  brim_options_set(options, "temperature", "0");
  brim_options_set(options, "limit", "8");
  if (brim_model_load(arguments[1], NULL, NULL, NULL, &model) != BRIM_OK ||
      brim_session_create(model, options, &session) != BRIM_OK ||
      brim_session_append(session, "Once", 4, 1, 0) != BRIM_OK) {
    printf("%s\n", brim_last_error());
    return 1;
  }
  memset(&piece, 0, sizeof piece);
  for (tokens = 0; piece.end == 0; ++tokens) {
    piece.size = sizeof piece;
    if (brim_session_next(session, &piece) != BRIM_OK) return 1;
    printf("%d ", piece.id);
  }
  printf("\n");
  brim_session_free(session);
  brim_model_free(model);
  brim_options_free(options);
  return 0;
}
