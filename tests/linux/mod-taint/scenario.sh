insmod m.ko
cat /proc/sys/kernel/tainted
rmmod m
insmod m.ko
cat /proc/modules | cut -d" " -f1-5,7
rmmod m
