insmod m.ko
sleep 250
rmmod m
