insmod m.ko
ls /sys/class/misc | grep kloom
cat /dev/kloommisc
echo 1 > /dev/kloommisc
rmmod m
ls /sys/class/misc | grep kloom
