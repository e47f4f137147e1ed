insmod m.ko
sleep 1
ps ax -o stat,comm | grep selfstop | grep -v grep
sleep 240
