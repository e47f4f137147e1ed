insmod m.ko
sleep 1
rmmod m
