#!/usr/bin/env bash
# Builds aiops-daemon_VERSION_ARCH.deb and prints its path.
#
#   build.sh [DIRECTORY]        default: dist
#
# PYTHON is used where /usr/bin/python3.11 is missing or has neither pip nor venv.
set -euo pipefail
umask 022

die() {
  echo "build.sh: $*" >&2
  exit 1
}

here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
out=${1:-$source/dist}
installed=/usr/bin/python3.11 # what the package depends on

builds() { "$1" -I -m pip --version || "$1" -I -c 'import ensurepip, venv'; } > /dev/null 2>&1
python=$installed
builds "$python" || python=${PYTHON:-python3.11}
builds "$python" || die "neither $installed nor $python has pip or venv to build with; allowed: PYTHON=/path/to/python3.11"
"$python" -I -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' ||
  die "$python is $("$python" -V); allowed: Python 3.11, the one whose compiled wheels the package holds"

# Of the last commit, so that the same commit makes the same package.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$source" log -1 --format=%ct 2> /dev/null || stat -c %Y "$source/CHANGELOG.md")}

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
mkdir -p "$root"/{DEBIAN,opt,etc/aiops-daemon,lib/systemd/system,usr/bin}
mkdir -p "$root"/usr/{lib/sysusers.d,lib/tmpfiles.d,share/doc/aiops-daemon,share/lintian/overrides}

tree=$root/opt/aiops-daemon
"$source/deploy/tree.sh" "$tree" "$python"
read -r _ version <<< "$("$tree/bin/python3" -I "$tree/bin/aiops-daemon" --version)"
ln -sfn "$installed" "$tree/bin/python3"
sed -i "s|^home = .*|home = ${installed%/*}|" "$tree/pyvenv.cfg"

mv "$tree/share/systemd"/*.service "$root/lib/systemd/system"
mv "$tree/share/systemd/aiops-daemon.sysusers" "$root/usr/lib/sysusers.d/aiops-daemon.conf"
mv "$tree/share/systemd/aiops-daemon.tmpfiles" "$root/usr/lib/tmpfiles.d/aiops-daemon.conf"
rmdir "$tree/share/systemd"
cp "$tree/share/config.toml" "$root/etc/aiops-daemon/config.toml"
ln -s /opt/aiops-daemon/bin/aiops-daemon "$root/usr/bin/aiops-daemon"

doc=$root/usr/share/doc/aiops-daemon
maintainer='aiops-daemon maintainers <maintainers@aiops-daemon.invalid>'
cp "$here/copyright" "$doc"
cp "$here/lintian-overrides" "$root/usr/share/lintian/overrides/aiops-daemon"
gzip -9n > "$doc/changelog.gz" << CHANGELOG
aiops-daemon ($version) stable; urgency=medium

  * What changed stands in /opt/aiops-daemon/share/doc/CHANGELOG.md.

 -- $maintainer  $(LC_ALL=C date -uRd "@$SOURCE_DATE_EPOCH")
CHANGELOG

architecture=$(dpkg --print-architecture)
# As the policy counts it; `du` would count directories, whose size is the file system's affair.
size=$(find "$root" -printf '%y %s\n' | awk '{ sum += $1 == "f" ? int(($2 + 1023) / 1024) : 1 } END { print sum }')
install -m 755 "$here"/{preinst,postinst,prerm,postrm} "$root/DEBIAN"
echo /etc/aiops-daemon/config.toml > "$root/DEBIAN/conffiles"
# ca-certificates and tzdata: neither comes with python3.11, and without them nothing is sent and no timezone is known.
# libc6 and the two after it: what the compiled wheels link to.
cat > "$root/DEBIAN/control" << CONTROL
Package: aiops-daemon
Version: $version
Architecture: $architecture
Maintainer: $maintainer
Installed-Size: $size
Depends: ca-certificates, libc6 (>= 2.34), libgcc-s1, libstdc++6, python3.11, systemd (>= 252), tzdata
Recommends: bubblewrap, git
Section: admin
Priority: optional
Description: watches a server's logs and tells people of its errors
 An error in a log becomes an incident, and the team reads one Discord message
 for it, which lives with it: counted, edited, resolved, back again.
 .
 The program and the Python packages that it needs stand in /opt/aiops-daemon.
CONTROL
(cd "$root" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum > DEBIAN/md5sums)

mkdir -p "$out"
package=$out/aiops-daemon_${version}_$architecture.deb
# -z1: a fifth larger than by default, in a fifth of the time.
dpkg-deb --root-owner-group -Zxz -z1 --build "$root" "$package" > /dev/null
echo "$package"
