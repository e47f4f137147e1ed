insmod m.ko
rmmod m
taskset -p 2
