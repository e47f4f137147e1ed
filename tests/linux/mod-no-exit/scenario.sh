insmod m.ko
lsmod
cat /proc/modules | cut -d" " -f1-5
rmmod m
rmmod -f m
