insmod m.ko
echo 1 > /sys/module/m/parameters/hold
lsmod
rmmod m
cat /sys/module/m/refcnt
rmmod -f m
echo 0 > /sys/module/m/parameters/hold
rmmod m
