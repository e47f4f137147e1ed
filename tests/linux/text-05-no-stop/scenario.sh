insmod m.ko
sleep 3
rmmod m
sleep 3
ps ax -o stat,comm | grep mythread | grep -v grep
lsmod
