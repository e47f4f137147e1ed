insmod m.ko
sleep 6
rmmod m
