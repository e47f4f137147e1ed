insmod m.ko
ls /proc/kloomdir
rmmod m
