insmod m.ko
ls /sys/bus/kloombus/devices
ls /sys/bus/kloombus/drivers
cat /sys/bus/kloombus/devices/abcd1/tell
ls /sys/devices | grep -c abcd
rmmod m
ls /sys/bus/kloombus
