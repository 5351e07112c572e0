#!/usr/bin/env bash
# Install packages from npm, pinned with hashes by the package-lock.json of a folder, into the user's cache, and print the
# folder of their programs: hack/node_tools.sh [FOLDER]; without one it is newman for the tests. Once done, it takes no time.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'node tools: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif sudo -n true 2>/dev/null; then sudo -n "$@"
  else return 1
  fi
}

install_node() {
  command -v apt-get >/dev/null || die "missing: node and npm. Install them with this system's package manager."
  as_root true || die "missing: node and npm. Run: sudo apt-get install -y nodejs npm"
  say "installing Debian packages: nodejs npm"
  as_root apt-get update -qq &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null ||
    die "apt-get could not install nodejs and npm"
}

list=${1:-hack/node}
key=$(cat "$list/package.json" "$list/package-lock.json" | sha256sum | cut -c1-16)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/imagebatch/node/$key
if [ ! -e "$folder/.ready" ]; then
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then install_node; fi
  node -e 'process.exit(parseInt(process.versions.node) < 16 ? 1 : 0)' ||
    die "node 16 or newer is needed, this is $(node --version)"
  say "installing the packages of $list into $folder"
  mkdir -p "$folder"
  cp "$list/package.json" "$list/package-lock.json" "$folder/"
  npm ci --prefix "$folder" --loglevel error --no-audit --no-fund --ignore-scripts --engine-strict >&2 ||
    die "npm could not install the packages of $list; its words are above"
  touch "$folder/.ready"
fi
echo "$folder/node_modules/.bin"
