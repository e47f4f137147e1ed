insmod a.ko
sed 's/license=GPL/license=XXX/' b.ko > c.ko
insmod c.ko
cat /proc/sys/kernel/tainted
insmod b.ko
rmmod b
rmmod a
