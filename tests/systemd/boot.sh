#!/usr/bin/env bash
# Boots this machine's own systemd as PID 1 of namespaces of its own, over a throw-away copy of the file system.
#
#   unshare --fork --pid --mount --uts --ipc --kill-child boot.sh SCRATCH NAME
#
# SCRATCH is an empty directory, NAME the host name inside and the name of its cgroups. Nothing is written outside: the
# root is an overlay whose upper layer is a tmpfs that goes with the mount namespace, and every cgroup hierarchy is
# mounted anew, so that what systemd makes of its own stays below the cgroup NAME.
set -euo pipefail
scratch=$1 name=$2

if [ "${3:-}" != inside ]; then
  mapfile -t memberships < /proc/self/cgroup # read whole: it changes with every move
  for membership in "${memberships[@]}"; do
    IFS=: read -r _ controllers path <<< "$membership"
    case $controllers in
      cpuset*) continue ;; # a new one has no processors until it is given some
      "") where=/sys/fs/cgroup/unified && [ -d "$where" ] || where=/sys/fs/cgroup ;;
      *) where=/sys/fs/cgroup/${controllers#name=} ;;
    esac
    mkdir -p "$where$path/$name"
    echo 0 > "$where$path/$name/cgroup.procs"
  done
  exec unshare --cgroup "$0" "$scratch" "$name" inside
fi

mount --make-rprivate /
mount -t tmpfs -o mode=755 box "$scratch"
mkdir "$scratch/upper" "$scratch/work" "$scratch/root"
mount -t overlay box -o "lowerdir=/,upperdir=$scratch/upper,workdir=$scratch/work" "$scratch/root"
cd "$scratch/root"

# The host's /tmp must not be shared: tmpfiles cleans it.
mount -t tmpfs -o mode=755,nosuid,nodev box run
mount -t tmpfs -o mode=1777,nosuid,nodev box tmp
mount -t proc proc proc
mount --rbind /dev dev
mount -t sysfs sysfs sys
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  mount -t cgroup2 cgroup2 sys/fs/cgroup
else
  mount -t tmpfs -o mode=755 box sys/fs/cgroup
  while IFS=: read -r _ controllers _; do
    hierarchy=sys/fs/cgroup/${controllers#name=}
    case $controllers in
      "") mkdir sys/fs/cgroup/unified && mount -t cgroup2 cgroup2 sys/fs/cgroup/unified ;;
      name=*) mkdir "$hierarchy" && mount -t cgroup -o "none,$controllers" cgroup "$hierarchy" ;;
      *) mkdir "$hierarchy" && mount -t cgroup -o "$controllers" cgroup "$hierarchy" ;;
    esac
  done < /proc/self/cgroup
fi

hostname "$name" && echo "$name" > etc/hostname
rm -rf etc/machine-id var/log/journal
tr -d - < /proc/sys/kernel/random/uuid > etc/machine-id
mkdir -p etc/systemd/system etc/systemd/journald.conf.d
printf '[Journal]\nStorage=volatile\nRateLimitBurst=0\n' > etc/systemd/journald.conf.d/box.conf

# What needs hardware, a console or a login has no business here, nor has what would change the kernel that is shared, nor
# any server that happens to be installed.
for unit in systemd-udevd.service systemd-udev-trigger.service systemd-udevd-kernel.socket systemd-udevd-control.socket \
            systemd-timesyncd.service systemd-logind.service systemd-networkd.service systemd-resolved.service \
            systemd-sysctl.service systemd-modules-load.service systemd-binfmt.service systemd-random-seed.service \
            systemd-remount-fs.service proc-sys-fs-binfmt_misc.automount systemd-update-utmp.service \
            console-getty.service getty.target cron.service ssh.service exim4.service rsyslog.service \
            postgresql.service redis-server.service nginx.service apache2.service docker.service docker.socket \
            containerd.service e2scrub_reap.service e2scrub_all.timer fstrim.timer man-db.timer logrotate.timer \
            apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer; do
  ln -sf /dev/null "etc/systemd/system/$unit"
done

# With chroot in its place, credentials come out empty.
mkdir -p .old
pivot_root . .old
mount --make-rshared /
umount --lazy /.old
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin container=docker \
  /usr/lib/systemd/systemd --system --unit=multi-user.target
