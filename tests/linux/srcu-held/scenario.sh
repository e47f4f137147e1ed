insmod m.ko
rmmod m
