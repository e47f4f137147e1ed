insmod m.ko
sleep 4.5
rmmod m
