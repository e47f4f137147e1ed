insmod m.ko
ps ax -o stat,comm | grep kloomworker | grep -v grep
rmmod m
