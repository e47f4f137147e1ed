insmod m.ko
ls /sys/bus/platform/drivers/kloom-plat
ls /sys/bus/platform/devices | grep kloom
cat /sys/bus/platform/devices/kloom-plat/modalias
readlink /sys/bus/platform/devices/kloom-plat/driver
echo kloom-plat > /sys/bus/platform/drivers/kloom-plat/unbind
ls /sys/bus/platform/drivers/kloom-plat
echo kloom-plat > /sys/bus/platform/drivers/kloom-plat/bind
echo nosuch > /sys/bus/platform/drivers/kloom-plat/bind
echo nosuch > /sys/bus/platform/drivers/kloom-plat/unbind
echo kloom-plat.1 > /sys/bus/platform/drivers/kloom-plat/bind
rmmod m
ls /sys/bus/platform/drivers | grep kloom
ls /sys/bus/platform/devices | grep kloom
