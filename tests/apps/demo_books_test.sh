#!/bin/bash
# demo_books_test.sh COMMAND SCRATCH: the first step of creating the demo model (models/demo/prepare.py): without books
# it says what it needs, and from books written here it creates the input of the other steps. Needs python3.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$(dirname "$0")/support.sh"
python=/usr/bin/python3
[ -x "$python" ] || skip "there is no python3"

export BRIM_SHARED=$PWD/shared BRIM_DEMO_BUILD=$PWD/demo PYTHONDONTWRITEBYTECODE=1
prepare() { "$python" "$root/models/demo/prepare.py" "$@" >said 2>&1; }

# fails_with WHAT PATTERN: the command ends with one sentence and creates nothing.
fails_with() {
  prepare && fail "$1 is not a failure"
  [ "$(wc -l <said)" = 1 ] && grep -qE "^prepare.py: $2" said || fail "about $1 it says: $(cat said)"
  [ ! -e demo ] || fail "with $1 it makes something"
}
fails_with "a folder that is missing" 'there are no books in .*/shared/texts/books: expected .*models/demo/books.md'
mkdir -p shared/texts/books
fails_with "an empty folder" 'there are no books in .*/shared/texts/books: expected .*models/demo/books.md'
echo "no archive" >shared/texts/books/grimm.txt.xz
fails_with "a file that is not compressed" '.*/grimm.txt.xz is not a text compressed by xz'

"$python" - <<'PYTHON'
import lzma
import random

rng = random.Random(1)
words = "the a cat dog tree river king old young sings runs sleeps under over and then slowly".split()
def book(number):
    return "\n\n".join(f"Story {number} " + " ".join(rng.choices(words, k=60)).capitalize() + "." for _ in range(60))
for author, count in (("grimm", 2), ("baum", 40)):
    with lzma.open(f"shared/texts/books/{author}.txt.xz", "wt") as file:
        file.write("\n\n\n".join(book(number) for number in range(count)))
PYTHON
prepare --vocabulary 300 || fail "books of the right form: $(cat said)"
grep -q '495 of the 495 texts in books.tsv are missing' said || fail "it does not say that these are other books: $(cat said)"
grep -q '^authors: 2 books' said || fail "authors that are never trained on: $(cat said)"
for split in train validation test authors; do
  [ -f "demo/data/$split.txt" ] && [ -f "demo/data/$split.books" ] || fail "there are no files for $split"
  ids=$(($(stat -c %s "demo/data/$split.u16") / 2))
  grep -qE "^$split: $(awk -v ids=$ids 'BEGIN { printf "%.2f", ids / 1e6 }') M tokens" said || fail "$split.u16 holds $ids ids"
done
[ -s demo/data/train.u16 ] && [ -s demo/data/tokenizer.json ] || fail "there is nothing to train on"

# Every text in the list has its own title, length and checksum.
awk -F'\t' 'NR == 1 { next } NF != 4 || $2 !~ /^[0-9]+$/ || $3 !~ /^[0-9a-f]+$/ || length($3) != 16 || $4 == "" || seen[$3]++ || titles[$1 $4]++ {
  print "FAILED: books.tsv:" NR ": " $0; bad = 1 } END { exit bad || NR != 496 }' "$root/models/demo/books.tsv" || fail "books.tsv"
finish
