insmod m.ko
cat /tmp/kloomfile; echo
rm /tmp/kloomfile
rmmod m
