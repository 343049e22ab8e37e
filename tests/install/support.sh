# What the scripts of this folder begin with: failures are counted, so that one run says all of them.
failures=0

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

# in_empty FOLDER: goes to it, emptied.
in_empty() {
  rm -rf "$1"
  mkdir -p "$1"
  cd "$1" || exit 1
}
