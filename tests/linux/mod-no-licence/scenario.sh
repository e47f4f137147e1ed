insmod m.ko
cat /proc/sys/kernel/tainted
cat /proc/modules | cut -d" " -f1-5,7
rmmod m
