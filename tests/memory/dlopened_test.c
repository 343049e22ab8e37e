/* dlopened_test LIBRARY MODEL: a C program without the C++ runtime loads the library as Python and Node do, and calls
 * it on new threads that have no memory left, from their first allocation, their second, … on. Anything that the
 * library or its runtime would allocate per thread would end the process here. It replaces malloc, so it is a separate
 * program and in C. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <brim/brim.h>

void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

enum { kNever = 1000000000 };
static __thread int countdown = kNever;
static __thread int failed = 0;

static int fails(void) {
  if (countdown == kNever) return 0;
  if (countdown > 0) return --countdown, 0;
  failed = 1;
  errno = ENOMEM;
  return 1;
}
void* malloc(size_t size) { return fails() ? NULL : __libc_malloc(size); }
void* calloc(size_t count, size_t size) { return fails() ? NULL : __libc_calloc(count, size); }
void* realloc(void* memory, size_t size) { return fails() ? NULL : __libc_realloc(memory, size); }
void* memalign(size_t alignment, size_t size) { return fails() ? NULL : __libc_memalign(alignment, size); }
void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void** memory, size_t alignment, size_t size) {
  void* const found = memalign(alignment, size);
  if (found == NULL) return ENOMEM;
  *memory = found;
  return 0;
}

static struct {
  const char* (*last_error)(void);
  brim_status (*options_create)(brim_options**);
  brim_status (*options_set)(brim_options*, const char*, const char*);
  brim_status (*model_load)(const char*, const brim_options*, brim_progress, void*, brim_model**);
  brim_status (*session_create)(brim_model*, const brim_options*, brim_session**);
  brim_status (*append)(brim_session*, const char*, size_t, int, int);
  brim_status (*message)(brim_session*, const char*, const char*, size_t);
  brim_status (*next)(brim_session*, brim_piece*);
  brim_status (*clear)(brim_session*);
  void (*session_free)(brim_session*);
  void (*model_free)(brim_model*);
  void (*options_free)(brim_options*);
} brim;

static brim_model* model;
static brim_session* session;
static const char* model_path;

static brim_status invalid(void) { return brim.append(session, NULL, 5, 0, 0); }
static brim_status options(void) {
  brim_options* made = NULL;
  brim_status status = brim.options_create(&made);
  if (status == BRIM_OK)
    status = brim.options_set(made, "a key longer than a short string", "and a value as long as that");
  brim.options_free(made);
  return status;
}
static brim_status load(void) {
  brim_model* made = NULL;
  const brim_status status = brim.model_load(model_path, NULL, NULL, NULL, &made);
  brim.model_free(made);
  return status;
}
static brim_status say(void) {
  brim_piece piece;
  brim_status status = brim.message(session, "user", "the dog was on the cat", 22);
  for (int i = 0; i < 4 && status == BRIM_OK; ++i) {
    memset(&piece, 0, sizeof piece);
    piece.size = sizeof piece;
    status = brim.next(session, &piece);
  }
  return status;
}

struct call {
  brim_status (*work)(void);
  int index;
  brim_status status;
  int failed;
  char sentence[200];
};

static void* on_thread(void* argument) {
  struct call* const call = argument;
  failed = 0;
  countdown = call->index;
  call->status = call->work();
  const char* const sentence = brim.last_error();
  countdown = kNever;
  call->failed = failed;
  snprintf(call->sentence, sizeof call->sentence, "%s", sentence);
  return NULL;
}

static int complain(const char* name, const struct call* call) {
  fprintf(stderr, "%s, no memory from allocation %d on: status %d, \"%s\"\n", name, call->index, (int)call->status,
          call->sentence);
  return 1;
}

/* Calls work() with fewer and fewer failures. `always`: the status of a call that fails in any case, else BRIM_OK. */
static int check(const char* name, brim_status (*work)(void), brim_status always) {
  for (int index = 0;; ++index) {
    struct call call = {.work = work, .index = index};
    pthread_t thread;
    if (session != NULL && brim.clear(session) != BRIM_OK) return complain("clear", &call);
    if (pthread_create(&thread, NULL, on_thread, &call) != 0 || pthread_join(thread, NULL) != 0)
      return complain("no thread", &call);
    const int right = call.status == always || (call.status == BRIM_OUT_OF_MEMORY && call.failed);
    if (!right || (call.status != BRIM_OK && strlen(call.sentence) < 10)) return complain(name, &call);
    if (!call.failed) return 0;
  }
}

static void* symbol(void* library, const char* name) {
  void* const found = dlsym(library, name);
  if (found == NULL) fprintf(stderr, "%s\n", dlerror()), _exit(2);
  return found;
}
#define FIND(member, name) *(void**)&brim.member = symbol(library, name)

int main(int count, char** arguments) {
  if (count != 3) return 2;
  void* const library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return fprintf(stderr, "%s\n", dlerror()), 1;
  FIND(last_error, "brim_last_error");
  FIND(options_create, "brim_options_create");
  FIND(options_set, "brim_options_set");
  FIND(model_load, "brim_model_load");
  FIND(session_create, "brim_session_create");
  FIND(append, "brim_session_append");
  FIND(message, "brim_session_message");
  FIND(next, "brim_session_next");
  FIND(clear, "brim_session_clear");
  FIND(session_free, "brim_session_free");
  FIND(model_free, "brim_model_free");
  FIND(options_free, "brim_options_free");
  model_path = arguments[2];
  int failures = check("options", options, BRIM_OK);
  failures += check("load", load, BRIM_OK);
  if (brim.model_load(model_path, NULL, NULL, NULL, &model) != BRIM_OK ||
      brim.session_create(model, NULL, &session) != BRIM_OK) {
    return fprintf(stderr, "%s\n", brim.last_error()), 1;
  }
  failures += check("an invalid argument", invalid, BRIM_INVALID_ARGUMENT);
  failures += check("a message and an answer", say, BRIM_OK);
  brim.session_free(session);
  brim.model_free(model);
  dlclose(library);
  return failures != 0;
}
