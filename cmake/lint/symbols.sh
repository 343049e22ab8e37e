#!/bin/bash
# lint.symbols NM LIBRARY…: the objects of the library refer to no symbol that prints or ends the process. lint.calls
# reads the source; this reads the compiled result, including macros and inlined headers.
set -eu
nm=$1
shift
"$nm" -A -u "$@" | awk '
BEGIN {
  split("abort exit _exit _Exit quick_exit printf vprintf __printf_chk fprintf vfprintf __fprintf_chk puts putchar putc " \
    "fputs fputc fwrite_unlocked putc_unlocked putchar_unlocked dprintf vdprintf __dprintf_chk __vprintf_chk __vfprintf_chk " \
    "syslog vsyslog __syslog_chk err errx warn warnx raise kill tgkill pthread_kill " \
    "perror stdin stdout stderr _ZSt4cin _ZSt4cout _ZSt4cerr _ZSt4clog _ZSt5wcout _ZSt5wcerr _ZSt5wclog " \
    "_ZNSt8ios_base4InitC1Ev __assert_fail __assert_perror_fail _ZSt10unexpectedv", names, " ")
  for (i in names) forbidden[names[i]] = 1
}
{ name = $NF; sub(/@.*/, "", name) }
name in forbidden { print $1 " refers to " name; bad = 1 }
NR > 0 { seen = 1 }
END { if (!seen) { print "no symbols were read"; bad = 1 } exit bad }
'
