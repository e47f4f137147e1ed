insmod m.ko
sleep 12
rmmod m
