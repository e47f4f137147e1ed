insmod m.ko
sleep 1
ps ax -o stat,comm | grep pair/ | grep -v grep
rmmod m
