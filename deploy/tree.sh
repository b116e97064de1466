#!/usr/bin/env bash
# Assembles what stands at /opt/aiops-daemon: a virtual environment without pip, and in share/ what the installers put elsewhere.
#
#   tree.sh DEST PYTHON
#
# DEST must not exist yet. PYTHON (3.11 or newer) is what pip runs under here, and what the daemon will run under there.
set -euo pipefail
umask 022
export PYTHONDONTWRITEBYTECODE=1

die() {
  echo "tree.sh: $*" >&2
  exit 1
}

[ $# -eq 2 ] || { echo "usage: tree.sh DEST PYTHON" >&2; exit 2; }
dest=$1 python=$2 home=/opt/aiops-daemon
source=$(cd "$(dirname "$0")/.." && pwd)
[ ! -e "$dest" ] || die "$dest is there already; allowed: a path where nothing is"

read -r version real <<< "$("$python" -I -c \
  'import os, sys; print("%d.%d" % sys.version_info[:2], os.path.realpath(sys.executable))')" || true
[ -n "${real:-}" ] || die "$python can't be run; allowed: Python 3.11 or newer"
[ "${version#3.}" -ge 11 ] || die "$python is Python $version; allowed: 3.11 or newer"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! "$python" -I -m pip --version > /dev/null 2>&1; then
  "$python" -I -m venv "$work/venv" > /dev/null 2>&1 ||
    die "$python has neither pip nor venv to build with; Debian has them in python3-pip and python$version-venv"
  python=$work/venv/bin/python
fi
install() { # wheels only: what a source distribution builds with would be checked against no hash
  "$python" -I -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
    --no-compile --only-binary :all: "$@"
}

# The build backend and what it needs, as they stand in the lock file.
awk 'function flush() { if (block ~ /^hatchling==|#( via|  ) hatchling\n/) printf "%s", block; block = "" }
     /^[a-z]/ { flush() } { block = block $0 "\n" } END { flush() }' "$source/requirements-dev.lock" > "$work/backend.lock"
install --require-hashes -r "$work/backend.lock" --target "$work/backend"
(cd "$source" && PYTHONPATH=$work/backend "$python" -P -m hatchling build -t wheel -d "$work/wheel" > "$work/log" 2>&1) ||
  { cat "$work/log" >&2; die "the project's wheel can't be built"; }

site=$dest/lib/python$version/site-packages
mkdir -p "$dest/bin" "$site" "$dest/share/doc" "$dest/share/systemd"
install --require-hashes -r "$source/requirements.lock" --target "$site"
rm -rf "${site:?}/bin" # the dependencies' own commands, which nobody asked for
install --no-deps --no-index --find-links "$work/wheel" aiops-daemon --target "$site"
rm -rf "${site:?}/bin"

ln -s "$real" "$dest/bin/python3"
printf 'home = %s\ninclude-system-site-packages = false\nversion = %s\n' "${real%/*}" "$version" > "$dest/pyvenv.cfg"
# -I: neither the working directory nor anybody's PYTHONPATH is imported from, whoever calls this as root. The state is where
# the unit has it, so that "aiops-daemon status" in a shell finds it by a configuration that doesn't say.
cat > "$dest/bin/aiops-daemon" << LAUNCHER
#!$home/bin/python3 -I
import os
import sys

from aiops_daemon.cli import main

os.environ.setdefault("STATE_DIRECTORY", "/var/lib/aiops-daemon")
sys.exit(main())
LAUNCHER
chmod 755 "$dest/bin/aiops-daemon"

cp "$source"/{docs/*.md,README.md,CHANGELOG.md,LICENSE} "$dest/share/doc"
cp "$source"/systemd/aiops-daemon* "$dest/share/systemd"
cp "$source"/{systemd/no-fixes.conf,deploy/config.toml} "$dest/share"
cp "$source/deploy/logrotate/server" "$dest/share/logrotate-server"

# Tracebacks name the place where the tree will stand. By hash, since a copy keeps no times; unchecked, since nobody edits it.
"$python" -I -m compileall -q -j 0 -s "$dest" -p "$home" --invalidation-mode unchecked-hash "$site"
chmod -R u=rwX,go=rX "$dest"
