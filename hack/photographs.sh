#!/usr/bin/env bash
# Fetch the photographs that `make bench` measures with into the user's cache, and print their folder. They are those of
# Debian's package lomiri-wallpapers-16.04 (CC0, CC-BY-4.0 and CC-BY-SA-4.0; 16 MB), which is only unpacked, not
# installed; hack/photographs.sha256 says which ones. Once done, it takes no time.
set -euo pipefail
cd "$(dirname "$0")/.."

package=lomiri-wallpapers-16.04
sums=$PWD/hack/photographs.sha256
say() { printf 'photographs: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

folder=${XDG_CACHE_HOME:-$HOME/.cache}/imagebatch/photographs/$(sha256sum "$sums" | cut -c1-16)
if [ ! -e "$folder/.ready" ]; then
  say "downloading Debian's package $package"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  hack/unpack_debian.sh "$work" "$package" || die "they are not to be had"
  cd "$work"
  cp usr/share/doc/$package/copyright usr/share/backgrounds/
  cd usr/share/backgrounds
  sha256sum --check --quiet "$sums" >&2 || die "they are not the photographs that were expected"
  mkdir -p "$folder"
  cut -c67- "$sums" | xargs cp -t "$folder" copyright
  touch "$folder/.ready"
fi
echo "$folder"
