insmod m.ko
sleep 2
