insmod m.ko
ls -l /dev/kloomdev | cut -c1-23
cat /dev/kloomdev
head -c 5 /dev/kloomdev
echo abc > /dev/kloomdev
echo hello > /dev/kloomdev
echo no > /dev/kloomdev
echo much too long for it > /dev/kloomdev
exec 5< /dev/kloomdev
lsmod
rmmod m
exec 5<&-
ls /sys/class/misc | grep kloom
rmmod m
ls /dev/kloomdev
