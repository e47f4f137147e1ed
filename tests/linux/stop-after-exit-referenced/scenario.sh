insmod m.ko
sleep 1
ps ax -o stat,comm | grep oneshot | grep -v grep
rmmod m
