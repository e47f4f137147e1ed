insmod m.ko
cat /sys/class/kloomclass/kloomdev1/value
echo 1 > /sys/class/kloomclass/kloomdev1/value
echo 1 > /sys/class/kloomclass/kloomdev1/uevent
ls /sys/class/kloomclass
rmmod m
ls /sys/class/kloomclass
