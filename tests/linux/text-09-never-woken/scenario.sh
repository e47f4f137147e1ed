insmod m.ko
ps ax -o stat,wchan:20,comm | grep unwoken | grep -v grep
cut -d' ' -f2,3 /proc/$(pidof unwoken)/stat
cat /proc/$(pidof unwoken)/stack
rmmod m
