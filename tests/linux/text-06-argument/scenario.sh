insmod m.ko
sleep 1
dmesg -r | grep Kernel | cut -d'>' -f1
rmmod m
