insmod m.ko
cat /proc/elevator
echo 3 > /proc/elevator; echo 3 > /proc/elevator
sleep 1
cat /proc/elevator
echo 9 > /proc/elevator
echo up > /proc/elevator
echo 1 > /proc/elevator
sleep 1
cat /proc/elevator
rmmod m
