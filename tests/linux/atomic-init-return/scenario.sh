insmod m.ko
sleep 1
lsmod
