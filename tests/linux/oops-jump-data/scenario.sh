insmod m.ko
sleep 1
ps ax -o stat,comm | grep culprit | grep -v grep
lsmod
