insmod m.ko
ls /sys/kernel/kloomdir
rmmod m
ls /sys/kernel/kloomdir
