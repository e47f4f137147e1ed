insmod m.ko
timeout 1 cat /proc/slow
timeout -s KILL 1 cat /proc/slow
cat /proc/slow & sleep 0.5; ps -o stat,wchan:20,comm -C cat
kill -USR1 $!; wait $!
lsmod
rmmod m
