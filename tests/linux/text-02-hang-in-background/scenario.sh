insmod m.ko
rmmod m & sleep 2
ps ax -o stat,wchan:20,comm | grep -E 'rmmod|mythread' | grep -v grep
lsmod
cat /proc/modules | cut -d' ' -f1-5
rmmod m
insmod m.ko
kill -9 $(pidof rmmod)
sleep 1
ps ax -o stat,comm | grep rmmod
