#!/usr/bin/env bash
# Unpack Debian packages into a folder, installing nothing: hack/unpack_debian.sh FOLDER PACKAGE…  Nothing needs root, and
# apt checks what it downloads. Where this machine has no lists of packages, they are fetched for this once.
set -euo pipefail

die() { printf 'packages: %s\n' "$*" >&2; exit 1; }

folder=$(realpath -m "${1:?usage: hack/unpack_debian.sh FOLDER PACKAGE…}")
shift
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || die "not a Debian: no package $*"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fetch_with_own_lists() {
  local own=(-o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User="$(id -un)")
  mkdir -p lists/partial cache/archives/partial
  apt-get "${own[@]}" update -qq && apt-get "${own[@]}" download -qq "$@"
}

apt-get download -qq "$@" >/dev/null 2>&1 || fetch_with_own_lists "$@" >&2 || die "apt-get cannot download $*"
mkdir -p "$folder"
for package in ./*.deb; do dpkg-deb -x "$package" "$folder"; done
