insmod m.ko
ps -e -o comm | grep kloompc | sort
cat /sys/devices/system/cpu/cpu1/online
echo 0 > /sys/devices/system/cpu/cpu1/online
sleep 1
cat /sys/devices/system/cpu/cpu1/online /sys/devices/system/cpu/online /sys/devices/system/cpu/offline
echo 0 > /sys/devices/system/cpu/cpu1/online
echo x > /sys/devices/system/cpu/cpu1/online
ps -e -o comm | grep kloompc | sort
echo 1 > /sys/devices/system/cpu/cpu1/online
sleep 1
cat /sys/devices/system/cpu/online
rmmod m
ps -e -o comm | grep -c kloompc
