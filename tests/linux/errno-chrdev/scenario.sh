insmod m.ko
grep -c kloom /proc/devices
M=$(grep kloomchr /proc/devices | cut -d' ' -f1)
mknod /tmp/zero c $M 0
mknod /tmp/one c $M 1
mknod /tmp/none c 510 0
cat /tmp/zero
echo x > /tmp/zero
cat /tmp/one
cat /tmp/none
rmmod m
cat /tmp/zero
rm /tmp/zero /tmp/one /tmp/none
grep -c kloom /proc/devices
