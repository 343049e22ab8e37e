#!/bin/bash
# aarch64-sysroot.sh FOLDER: unpacks the ARM versions of the libraries Brim links into FOLDER, for the cross build.
# Downloads them with apt's own client and signatures, but installs nothing and adds no architecture to this system.
set -eu
folder=$(mkdir -p "$1" && cd "$1" && pwd)
# libtinfo6 contains the licence terms of libncurses-dev.
packages="libpcre2-dev libutf8proc-dev nlohmann-json3-dev libxsimd-dev doctest-dev libfmt-dev libcli11-dev libedit-dev libbsd-dev libmd-dev libncurses-dev libtinfo6"
[ "$(cat "$folder/packages" 2>/dev/null)" != "$packages" ] || exit 0

mkdir -p "$folder/apt/lists/partial" "$folder/apt/archives/partial"
: >"$folder/apt/status"
apt=(apt-get -q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State="$folder/apt"
  -o Dir::State::Lists="$folder/apt/lists" -o Dir::State::status="$folder/apt/status" -o Dir::Cache="$folder/apt"
  -o Debug::NoLocking=1 -o APT::Sandbox::User="$(id -un)")
"${apt[@]}" update
# shellcheck disable=SC2086 — one word per package
(cd "$folder/apt" && "${apt[@]}" download $packages)
for package in "$folder"/apt/*.deb; do dpkg-deb -x "$package" "$folder"; done
rm -rf "$folder/apt"
printf '%s' "$packages" >"$folder/packages"
