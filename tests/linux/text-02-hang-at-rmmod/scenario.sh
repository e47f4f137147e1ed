insmod m.ko
sleep 12
kill -9 $(pidof mythread)
sleep 6
ps ax -o stat,comm | grep mythread
rmmod m
