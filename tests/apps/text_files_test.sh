#!/bin/bash
# text_files_test.sh COMMAND SCRATCH WRITE_TINY_MODEL: a file that holds no text is refused where a text is expected, and
# the sentence says what it holds.
. "$(dirname "$0")/support.sh"
tiny tiny.gguf
fox_text 20 >text
printf '\037\213\010\000more' >packed.gz
printf 'PK\003\004more\000' >packed.zip
printf 'the \000 end' >nul
printf 'the \377 end' >latin
printf '\377\376t\000e\000' >utf16
printf 'caf\303' >cut # the first byte of two: a text that was cut

refuse "packed.gz: expected text in UTF-8, found a gzip file: unpack it first" eval -m tiny.gguf -f packed.gz
refuse "packed.zip: expected text in UTF-8, found a zip file" eval -m tiny.gguf -f packed.zip
refuse "tiny.gguf: expected text in UTF-8, found a GGUF file: name a file with text" eval -m tiny.gguf -f tiny.gguf
refuse "utf16: expected text in UTF-8, found text in UTF-16: convert it first" eval -m tiny.gguf -f utf16
refuse "nul: expected text in UTF-8, found the byte 0x00 at offset 4" eval -m tiny.gguf -f nul
refuse "latin: expected text in UTF-8, found the byte 0xff at offset 4" eval -m tiny.gguf -f latin
does 0 eval -m tiny.gguf -f cut
for command in "eval -f" "calibrate -o p.json -f" "run -n 4 -f" "chat -p Hi --document" "eval --suite kv -f"; do
  read -ra words <<<"$command"
  refuse "nul: expected text in UTF-8" "${words[0]}" -m tiny.gguf "${words[@]:1}" nul
done
refuse "latin: expected text in UTF-8" eval -m tiny.gguf --suite kv -f text --texts latin
refuse "latin: expected text in UTF-8" chat -m tiny.gguf -p Hi --system @latin
refuse "latin: expected text in UTF-8" chat -m tiny.gguf -p Hi --chat-template @latin
code=0
"$brim" run -m tiny.gguf -n 4 <nul >out 2>err || code=$?
expect_code 2 "a NUL on standard input"
says 'standard input: expected text in UTF-8, found the byte 0x00' err
does 0 tokenize -m tiny.gguf -f nul
finish
