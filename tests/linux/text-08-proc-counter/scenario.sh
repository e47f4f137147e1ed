insmod m.ko
cat /proc/counter
sleep 3.5
cat /proc/counter
ls -l /proc/counter | cut -d' ' -f1
rmmod m
cat /proc/counter
