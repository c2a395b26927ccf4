#!/bin/sh
# Installs the programs the benchmark needs beside Node: wrk and h2load make the load, nginx and haproxy are measured.
set -eu

missing=''
for program in wrk h2load nginx haproxy; do
  command -v "$program" >/dev/null 2>&1 || [ -x "/usr/sbin/$program" ] || missing="$missing $program"
done
# What Debian and Ubuntu call the package that h2load is in.
missing=$(echo "$missing" | sed 's/h2load/nghttp2-client/')
[ -n "$missing" ] || exit 0

if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" -eq 0 ]; then
  apt-get update -qq
  # RUNLEVEL=1 asks the packages not to start services of their own, which would listen on port 80.
  # shellcheck disable=SC2086 # one word per package
  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
else
  echo "The benchmark needs:$missing" >&2
  echo "Debian and Ubuntu: sudo apt-get install$missing · macOS: brew install$missing (h2load: nghttp2)" >&2
  exit 1
fi
