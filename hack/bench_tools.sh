#!/usr/bin/env bash
# Install what `make bench` compares the pipeline with into the user's cache, and print the folder of its programs:
# hack/bench_tools.sh celery|thumbor|redis|sharp. Nothing needs root, but Node for sharp where there is none; hashes are
# checked; once done, it takes no time. What cannot be had is told in the last line, with exit status 1.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'bench tools: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

cache=${XDG_CACHE_HOME:-$HOME/.cache}/imagebatch/bench

environment() {
  local list=requirements/bench-$1.txt folder
  folder=$cache/$1-$(sha256sum <"$list" | cut -c1-16)
  if [ ! -e "$folder/.ready" ]; then
    say "installing $(grep -c '==' "$list") packages of $list"
    "${PYTHON:-python3}" -m venv --clear "$folder" >&2 || die "$1: python3 cannot make a virtual environment"
    "$folder/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$list" >&2 ||
      die "$1: pip could not install it"
    touch "$folder/.ready"
  fi
  echo "$folder/bin"
}

# Debian's package with the libraries that few machines have.
redis() {
  local folder=$cache/redis
  if command -v redis-server >/dev/null; then dirname "$(command -v redis-server)"; return; fi
  if [ ! -e "$folder/.ready" ]; then
    say "downloading Debian's redis-server into $folder"
    rm -rf "$folder"
    hack/unpack_debian.sh "$folder" redis-tools libatomic1 libjemalloc2 liblua5.1-0 liblzf1 ||
      die "redis: there is no redis-server, and Debian's is not to be had"
    mkdir -p "$folder/bin"
    # redis-check-rdb is the same program: which of them it is, it tells by its name.
    cat >"$folder/bin/redis-server" <<'END'
#!/usr/bin/env bash
folder=$(dirname "$(dirname "$(readlink -f "$0")")")
export LD_LIBRARY_PATH=$(echo "$folder"/usr/lib/*-linux-gnu)
exec -a redis-server "$folder/usr/bin/redis-check-rdb" "$@"
END
    chmod +x "$folder/bin/redis-server"
    "$folder/bin/redis-server" --version >&2 || die "redis: Debian's redis-server does not run here"
    touch "$folder/.ready"
  fi
  echo "$folder/bin"
}

case ${1:-} in
  celery | thumbor) environment "$1" ;;
  redis) redis ;;
  sharp) hack/node_tools.sh hack/bench ;;
  *) die "usage: hack/bench_tools.sh celery|thumbor|redis|sharp" ;;
esac
