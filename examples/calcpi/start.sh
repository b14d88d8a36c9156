#!/bin/sh
# Receives one argument, a text with a JSON object in it, and computes what it asks for.
set -eu
if [ $# -ne 1 ]; then
  echo "start.sh: expected one argument, received $#" >&2
  exit 2
fi
echo "argument: $1"
digits=$(printf '%s\n' "$1" | sed -n 's/.*"digits": *\([0-9][0-9]*\).*/\1/p')
if [ -z "$digits" ]; then
  echo "start.sh: no \"digits\" in: $1" >&2
  exit 2
fi
echo "pi: $(calcpi "$digits")"
