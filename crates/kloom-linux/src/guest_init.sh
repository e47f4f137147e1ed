#!/bin/busybox sh
# The first program of the guest: runs the cases named in /kloom/cases one after another, marks
# what happens on the two serial lines, and powers off. See protocol.rs for the marks.
/bin/busybox --install -s /bin/.bb
export PATH=/sbin:/bin:/usr/sbin:/usr/bin:/bin/.bb HOME=/root TERM=dumb
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
hostname linux
stty -F /dev/ttyS1 raw -echo
mkfifo /run/out
cat /run/out > /dev/ttyS1 &
exec 9> /run/out
. /kloom/settings

mark() { printf '\002%s\n' "$1" > /dev/ttyS0; printf '\002%s\n' "$1" >&9; }

# Looks at the command number every few seconds; a command that stays is described and given up.
watch_for_hang() {
	last=; since=0
	while sleep 2; do
		read -r now < /run/now || continue
		read -r up _ < /proc/uptime
		up=${up%.*}
		if [ "$now" != "$last" ]; then last=$now; since=$up; continue; fi
		read -r limit < /run/limit
		[ $((up - since)) -ge "$limit" ] || continue
		mark "hang $now"
		for task in /proc/[0-9]*; do
			read -r stat < $task/stat || continue
			rest=${stat##*) }
			case $rest in D*) ;; *) continue ;; esac
			{ echo "${stat%)*})"; sed 's/^/  /' $task/stack; } >&9
		done
		sleep 1
		poweroff -f
	done
}

[ -e /kloom/taint.ko ] && insmod /kloom/taint.ko
echo 8 > /proc/sys/kernel/printk
mark ready
for name in $(cat /kloom/cases); do
	mark "case $name"
	. /kloom/$name/settings
	echo "$hang" > /run/limit
	echo "$name" > /run/now
	if [ -z "$watched" ]; then watched=1; watch_for_hang & fi
	dmesg -c > /dev/null
	# Tasks of the guest's own are few and named, so that `ps` of a scenario stays readable.
	(cd /kloom/$name && exec sh ./run.sh > /run/out 2>&1 9>&1 < /dev/null)
	status=$?
	sleep 0.3
	mark "done $status"
	echo idle > /run/now
	# A kernel that warned, oopsed or kept a module is not fit for another case.
	taint=$(cat /proc/sys/kernel/tainted)
	[ $((taint & ~12288)) -eq 0 ] || { mark "stale tainted $taint"; break; }
	[ -z "$(lsmod | grep -v '^Module')" ] || { mark "stale modules"; break; }
	[ "$lone" = 1 ] && { mark "stale lone"; break; }
done
mark off
sleep 0.3
poweroff -f
