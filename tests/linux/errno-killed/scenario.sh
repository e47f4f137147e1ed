insmod m.ko
lsmod | grep -c '^m '
rmmod m
