mount -t debugfs debugfs /sys/kernel/debug 2> /dev/null
insmod m.ko
cd /sys/kernel/debug/kloomdir
ls
cat one value flag link
echo 3 > one
echo 10 > one
echo x > one
echo -1 > one
echo 99999999999999999999 > one
echo 5 > value
echo x > value
cat value
echo maybe > flag
echo y > flag
cat flag
cd /
rmmod m
ls /sys/kernel/debug/kloomdir
