insmod m.ko
dmesg -r | sed "s/^\(<[0-9]*>\)[^]]*\]/\1/" | cut -c1-60
rmmod m
dmesg | tail -n 2 | cut -d"]" -f2
dmesg | grep -c xxx
dmesg | grep xxx | wc -c
