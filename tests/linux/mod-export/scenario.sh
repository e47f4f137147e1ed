insmod b.ko
insmod a.ko
insmod b.ko
lsmod
cat /proc/modules | cut -d" " -f1-5
rmmod a
rmmod b
rmmod a
modinfo -F depends b.ko
