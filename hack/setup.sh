#!/usr/bin/env bash
# Make .venv ready for one extra: hack/setup.sh embedded|dev. From nothing it takes a minute or two; once done, no time.
# What is installed is exactly requirements/build.txt and requirements/EXTRA.txt, hashes checked. Nothing outside
# .venv is touched, but for Debian's python3-venv where the machine has no way to make a virtual environment.
set -euo pipefail
cd "$(dirname "$0")/.."

extra=${1:?usage: hack/setup.sh EXTRA}
python=${PYTHON:-python3}
stamp=.venv/.ready-$extra

say() { printf 'set-up: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
key() { { pwd; cat requirements/build.txt "requirements/$1.txt" pyproject.toml; } | sha256sum; }

# Root needs no sudo, others need one that does not ask.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif sudo -n true 2>/dev/null; then sudo -n "$@"
  else return 1
  fi
}

install_debian_packages() {
  local missing="$*"
  command -v apt-get >/dev/null || die "missing: $missing. Install it with this system's package manager, then run this again."
  as_root true || die "missing: $missing. Run: sudo apt-get install -y $missing"
  say "installing Debian packages: $missing"
  as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null ||
    die "apt-get could not install: $missing"
}

check_python() {
  command -v "$python" >/dev/null || install_debian_packages python3 python3-venv
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "Python 3.11 or newer is needed, $python is $("$python" -V 2>&1). Name another one: make PYTHON=python3.12 …"
}

make_environment() {
  if .venv/bin/pip --version >/dev/null 2>&1; then return; fi
  check_python
  "$python" -c 'import ensurepip, venv' 2>/dev/null || install_debian_packages python3-venv
  say "creating .venv with $("$python" -V)"
  "$python" -m venv --clear .venv
}

# uv is many times faster but does not read pip's configuration: hand it on, and ask pip where uv cannot.
install() {
  local index cert
  index=${UV_DEFAULT_INDEX:-${PIP_INDEX_URL:-$(.venv/bin/pip config get global.index-url 2>/dev/null || true)}}
  cert=${SSL_CERT_FILE:-${PIP_CERT:-$(.venv/bin/pip config get global.cert 2>/dev/null || true)}}
  env ${index:+UV_DEFAULT_INDEX="$index"} ${cert:+SSL_CERT_FILE="$cert"} \
    .venv/bin/uv pip install --quiet --python .venv/bin/python "$@" && return
  say "uv could not; trying pip, which takes longer"
  .venv/bin/pip install --quiet --disable-pip-version-check "$@"
}

if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$(key "$extra")" ]; then exit 0; fi

[ -f "requirements/$extra.txt" ] || die "no such extra: $extra"
make_environment
say "installing the build tools"
.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
say "installing $(grep -c '==' "requirements/$extra.txt") packages of requirements/$extra.txt"
install --require-hashes -r "requirements/$extra.txt"
say "installing imagebatch itself, editable"
install --no-deps --no-build-isolation -e .
key "$extra" >"$stamp"
if [ "$extra" = dev ]; then key embedded >.venv/.ready-embedded; fi
say "done"
