insmod m.ko
rmmod m
taskset -p 2
chrt -p 2
