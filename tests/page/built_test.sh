#!/bin/bash
# built_test.sh SOURCE BUILD: the built files of the page belong to its sources, by their digests; where `./run page` has
# installed the packages into BUILD/page, the files are also built again and compared byte for byte.
set -eu
source=$1/apps/serve/page
copy=$2/page
cd "$source"
sha256sum --quiet -c built/sources.sha256 || { echo "apps/serve/page changed: ./run page builds it again"; exit 1; }
listed=$(cut -c67- built/sources.sha256 | grep -c '^src/')
[ "$listed" = "$(find src -type f -not -name README.md | wc -l)" ] ||
  { echo "apps/serve/page/src has other files than were built: ./run page builds it again"; exit 1; }
size=$(cat built/page.* built/index.html | gzip -9c | wc -c)
[ "$size" -lt 204800 ] || { echo "the page takes $size bytes with gzip, more than 200 KiB"; exit 1; }
if ! command -v node >/dev/null || ! cmp -s package-lock.json "$copy/package-lock.json" || [ ! -d "$copy/node_modules" ]; then
  echo "skipped: the digests are right; ./run page installs what building the page again needs"
  exit 77
fi
cp -r src build.mjs package.json "$copy/"
rm -rf "$copy/again"
node "$copy/build.mjs" "$copy/again"
for file in "$copy"/again/*; do
  cmp "$file" "built/$(basename "$file")" || { echo "the page was built from other files: ./run page builds it again"; exit 1; }
done
