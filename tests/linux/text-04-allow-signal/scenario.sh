insmod m.ko
sleep 7
kill -9 $(pidof mythread)
sleep 6
pidof mythread
rmmod m
lsmod
rmmod m
