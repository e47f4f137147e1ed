insmod m.ko
cat /proc/leftover
rmmod m
ls /proc | grep leftover
cat /proc/leftover
