insmod m.ko
insmod m.ko
lsmod
rmmod m
rmmod m
rmmod nosuch
insmod nosuch.ko
lsmod
