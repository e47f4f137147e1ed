insmod m.ko
ls /sys/kernel/kloomkobj /sys/kernel/kloomkobj/sub
cat /sys/kernel/kloomkobj/value
echo 7 > /sys/kernel/kloomkobj/value
cat /sys/kernel/kloomkobj/sub/value
echo x > /sys/kernel/kloomkobj/value
cat /sys/kernel/kloomkobj/bad
echo 1 > /sys/kernel/kloomkobj/bad
ls -l /sys/kernel/kloomkobj/value | cut -c1-10
head -c 1 /sys/kernel/kloomkobj/value
rmmod m
ls /sys/kernel/kloomkobj
