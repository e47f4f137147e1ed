insmod m.ko
grep kloom /proc/interrupts | sed 's/.* //'
rmmod m
grep -c kloom /proc/interrupts
