#!/usr/bin/env bash
# Installs aiops-daemon from this checkout, for machines without the Debian package. --help says how.
set -euo pipefail
umask 022

here=$(cd "$(dirname "$0")" && pwd)
home=/opt/aiops-daemon new=$home.new old=$home.old
config=/etc/aiops-daemon state=/var/lib/aiops-daemon
units=/etc/systemd/system service=aiops-daemon.service

usage() {
  cat << 'USAGE'
usage: install.sh [install] [--log-group GROUP] [--python PATH]
       install.sh uninstall [--purge]

install    builds the program in /opt/aiops-daemon and sets the service up; again, it upgrades, and if anything fails,
           the version before goes on
  --log-group GROUP   a group that may read the logs, besides adm
  --python PATH       default: the first of python3.11, python3.12, ... in /usr/bin and /usr/local/bin
uninstall  removes the program and the service; configuration and state stay
  --purge             these go as well, with the credentials, the drop-ins and the user aiops

exit codes: 0 done, 1 not done (stderr says why), 2 usage
USAGE
}

die() {
  echo "install.sh: $*" >&2
  exit 1
}

misused() {
  echo "install.sh: $*" >&2
  usage >&2
  exit 2
}

check_machine() {
  [ "$EUID" -eq 0 ] || die "the user is $(id -un); allowed: root"
  [ -d /run/systemd/system ] || die "systemd is not running here; allowed: a machine booted with systemd 252 or newer"
  local version
  version=$(systemctl --version | awk 'NR == 1 { print int($2) }')
  [ "$version" -ge 252 ] || die "systemd here is $version; allowed: 252 or newer"
  case $(dpkg-query --show --showformat '${db:Status-Status}' aiops-daemon 2> /dev/null || true) in
    "" | not-installed | config-files) ;;
    *) die "aiops-daemon was installed as a Debian package; allowed: apt, to upgrade or remove that" ;;
  esac
}

# Sets $python to the real path of the one asked for, or of the first that is found.
choose_python() {
  local candidate answer is_new prefix place
  local candidates=(/usr/bin/python3.1[1-9] /usr/local/bin/python3.1[1-9])
  [ -z "$1" ] || candidates=("$1")
  for candidate in "${candidates[@]}"; do
    if [ -x "$candidate" ]; then break; fi
  done
  [ -x "$candidate" ] || die "${1:-python3.11 or newer, in /usr/bin or /usr/local/bin}: not there; allowed: --python PATH"
  answer=$("$candidate" -I -c 'import os, sys
print(sys.version_info >= (3, 11), os.path.realpath(sys.executable), os.path.realpath(sys.base_prefix))') ||
    die "$candidate can't be run; allowed: Python 3.11 or newer"
  read -r is_new python prefix <<< "$answer"
  [ "$is_new" = True ] || die "$candidate is $("$candidate" -V); allowed: Python 3.11 or newer"
  for place in "$python" "$prefix/"; do
    case $place in
      /root/* | /home/* | /run/user/* | /tmp/* | /var/tmp/*)
        die "$candidate is ${place%/}, which the service can't see (ProtectHome=, PrivateTmp=);" \
          "allowed: a Python elsewhere, such as /usr/bin/python3.11"
        ;;
    esac
  done
}

# Puts what lies in the program's tree to where systemd looks for it.
place_units() {
  install -m 644 "$home"/share/systemd/*.service "$units"
  systemctl daemon-reload
}

# Whatever failed, the version before goes on.
undo() {
  rm -rf "$new"
  if [ -e "$old" ]; then
    systemctl stop "$service"
    if cmp -s "$config/config.toml" "$home/share/config.toml"; then install -m 644 {"$old/share","$config"}/config.toml; fi
    rm -rf "$home"
    mv "$old" "$home"
    place_units
    if [ -n "$backup" ] && [ "$(state_version)" != "$version_before" ]; then # the new one had brought the state up to date
      (cd / && runuser -u aiops -- "$home/bin/aiops-daemon" restore "$backup" > /dev/null) ||
        echo "install.sh: the state is of the new version; see: aiops-daemon restore $backup" >&2
    fi
    echo "install.sh: the version before is back" >&2
  elif [ -n "$is_first" ]; then
    rm -rf "$home"
  fi
  if [ -n "$was_running" ]; then systemctl start "$service"; fi
}

back_up() {
  if [ -e "$state/state.db" ] && "$home/bin/aiops-daemon" backup --help > /dev/null 2>&1; then
    # As its own user: a file of root's among the state would lock the daemon out.
    version_before=$(state_version)
    backup=$(cd / && runuser -u aiops -- "$home/bin/aiops-daemon" backup --json | sed -n 's/.*"path": "\([^"]*\)".*/\1/p') ||
      die "the state can't be backed up; nothing was changed"
  fi
}

# The number of the last change of shape that the state has seen.
state_version() {
  "$home/bin/python3" -I -c 'import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute("PRAGMA user_version").fetchone())' \
    "$state/state.db"
}

# A changed configuration is never touched; one that still is the default follows it.
place_config() { # the default of the version before, which may not be there
  local mine=$config/config.toml default=$home/share/config.toml
  if [ ! -e "$mine" ] || cmp -s "$mine" "$1"; then
    install -m 644 "$default" "$mine"
  elif [ -e "$1" ] && ! cmp -s "$default" "$1" && ! cmp -s "$default" "$mine"; then
    install -m 644 "$default" "$mine.new"
    echo "$mine was changed and stays; the new default is $mine.new"
  fi
}

install_() {
  local python version
  check_machine
  [ -z "$log_group" ] || getent group "$log_group" > /dev/null ||
    die "--log-group $log_group: there is no such group; allowed: one that \`getent group\` lists"
  choose_python "$wanted_python"

  if [ ! -e "$home" ] && [ -e "$old" ]; then mv "$old" "$home"; fi # the power went between two renames
  rm -rf "$new" "$old"
  [ -e "$home" ] || is_first=yes
  trap undo EXIT
  echo "building with $python ..."
  "$here/tree.sh" "$new" "$python" || die "the program can't be built; nothing was changed"
  install -m 644 "$new/share/systemd/aiops-daemon.sysusers" /usr/lib/sysusers.d/aiops-daemon.conf
  install -m 644 "$new/share/systemd/aiops-daemon.tmpfiles" /usr/lib/tmpfiles.d/aiops-daemon.conf
  systemd-sysusers aiops-daemon.conf
  systemd-tmpfiles --create aiops-daemon.conf
  version=$(cd / && runuser -u aiops -- "$new/bin/python3" -I "$new/bin/aiops-daemon" --version) ||
    die "the new program doesn't run as user aiops; the service was not changed"

  if [ -z "$is_first" ]; then
    back_up
    case $(systemctl show --property=ActiveState --value "$service") in
      active | activating | reloading) was_running=yes ;;
    esac
    systemctl stop "$service"
    mv "$home" "$old"
  fi
  mv "$new" "$home"
  place_config "$old/share/config.toml"
  ln -sfn "$home/bin/aiops-daemon" /usr/local/bin/aiops-daemon
  if [ -n "$log_group" ]; then
    mkdir -p "$units/$service.d"
    printf '# by install.sh --log-group\n[Service]\nSupplementaryGroups=%s\n' "$log_group" > "$units/$service.d/log-group.conf"
  fi
  place_units

  if [ -n "$is_first" ]; then
    systemctl --quiet enable "$service"
    cat << STEPS
$version is installed and not started yet. Next:
  1. put the webhook's URL into $config/credentials/discord_webhook_url
  2. edit $config/config.toml, or be asked by: aiops-daemon init; then: aiops-daemon doctor
  3. systemctl start aiops-daemon
STEPS
  else
    if [ -n "$was_running" ]; then
      systemctl start "$service" || die "$version does not start; see: journalctl -u aiops-daemon"
    fi
    echo "$version is installed${was_running:+ and running}"
  fi
  trap - EXIT
  rm -rf "$old"
}

uninstall() {
  check_machine
  if [ -e "$units/$service" ]; then
    systemctl --quiet disable --now "$service"
    systemctl stop aiops-daemon-failure.service
  fi
  rm -f "$units"/aiops-daemon{,-failure}.service /usr/lib/{sysusers,tmpfiles}.d/aiops-daemon.conf /usr/local/bin/aiops-daemon
  rm -rf "$home" "$new" "$old"
  if [ -n "$purge" ]; then
    rm -rf "$config" "$state" "$units"/aiops-daemon{,-failure}.service.d
    if getent passwd aiops > /dev/null; then # its group goes with it
      userdel aiops 2> /dev/null || die "the user aiops can't be removed; see: userdel aiops"
    fi
    echo "aiops-daemon is removed, and everything of it"
  else
    echo "aiops-daemon is removed; $config, $state, drop-ins and the user aiops stay (uninstall --purge removes them)"
  fi
  systemctl daemon-reload
}

command=install log_group="" wanted_python="" purge="" is_first="" was_running="" backup="" version_before=""
case ${1:-} in
  install | uninstall) command=$1 && shift ;;
  "" | -*) ;;
  *) misused "$1: no such command" ;;
esac
while [ $# -gt 0 ]; do
  case $command:$1 in
    *:-h | *:--help) usage && exit 0 ;;
    install:--log-group | install:--python)
      [ -n "${2:-}" ] || misused "$1: its value is missing"
      if [ "$1" = --python ]; then wanted_python=$2; else log_group=$2; fi
      shift
      ;;
    uninstall:--purge) purge=yes ;;
    *) misused "$1: no such option of $command" ;;
  esac
  shift
done
if [ "$command" = install ]; then install_; else uninstall; fi
