insmod m.ko
echo hello > /proc/kloomuser
cat /proc/kloomuser
rmmod m
