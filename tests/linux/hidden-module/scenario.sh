insmod m.ko
lsmod | grep -c '^m '
grep -c '^m ' /proc/modules
ls /sys/module | grep -c '^m$'
rmmod m
insmod m.ko
