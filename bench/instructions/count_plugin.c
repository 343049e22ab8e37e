/* A plugin for qemu-aarch64 (7.2's plugin interface, declared here: Debian ships no header) that counts what the guest
 * executes: all instructions, those that load or store, and those that work on vectors or floats, by the main field of
 * the encoding (bits 28 … 25). Prints "instructions memory vector" to stderr at the end. The counts are exact with one
 * guest thread; with several threads the counters race. */
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };

typedef void (*tb_callback)(qemu_plugin_id_t id, struct qemu_plugin_tb* tb);
typedef void (*end_callback)(qemu_plugin_id_t id, void* data);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_callback callback);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, end_callback callback, void* data);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb* tb, enum qemu_plugin_op op, void* at,
                                              uint64_t value);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* tb);
struct qemu_plugin_insn* qemu_plugin_tb_get_insn(const struct qemu_plugin_tb* tb, size_t index);
const void* qemu_plugin_insn_data(const struct qemu_plugin_insn* insn);

int qemu_plugin_version = 1;

static uint64_t all, memory, vector;

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb* tb) {
  (void)id;
  const size_t count = qemu_plugin_tb_n_insns(tb);
  uint64_t of_memory = 0, of_vector = 0;
  for (size_t i = 0; i < count; ++i) {
    const unsigned char* bytes = qemu_plugin_insn_data(qemu_plugin_tb_get_insn(tb, i));
    const unsigned kind = (bytes[3] & 0x1eu) >> 1;
    of_memory += (kind & 5u) == 4;
    of_vector += (kind & 7u) == 7;
  }
  qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &all, count);
  qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &memory, of_memory);
  qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &vector, of_vector);
}

static void ended(qemu_plugin_id_t id, void* data) {
  (void)id;
  (void)data;
  fprintf(stderr, "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", all, memory, vector);
}

int qemu_plugin_install(qemu_plugin_id_t id, const void* info, int argc, char** argv);
int qemu_plugin_install(qemu_plugin_id_t id, const void* info, int argc, char** argv) {
  (void)info;
  (void)argc;
  (void)argv;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_atexit_cb(id, ended, NULL);
  return 0;
}
