insmod m.ko
lsmod
rmmod m
