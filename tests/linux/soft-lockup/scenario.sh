insmod m.ko
sleep 35
rmmod m
sleep 1
