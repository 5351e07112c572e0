#!/bin/sh
# Pin every dependency, with hashes, from pyproject.toml (`make lock`). No index address is written.
set -eu
cd "$(dirname "$0")/.."
uv=${UV:-.venv/bin/uv}
compile() {
  out=requirements/$1.txt; shift
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
    --custom-compile-command "make lock" --output-file "$out" "$@"
  echo "$out"
}
for group in build cluster bench-thumbor; do compile "$group" --group "$group"; done
compile dev --extra dev pyproject.toml
# Every other file takes the versions of dev: what is shipped is what was tested, and an image may install two of them.
for extra in processor api operator embedded; do
  compile "$extra" --constraint requirements/dev.txt --extra "$extra" pyproject.toml
done
compile processor-heic --constraint requirements/dev.txt --extra processor --extra heic pyproject.toml
# With the same codec, and so with the same Pillow.
compile bench-celery --constraint requirements/processor.txt --group bench-celery
