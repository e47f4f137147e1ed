insmod m.ko
rmmod m
sleep 6
