insmod m.ko
lsmod
