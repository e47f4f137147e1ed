# Reads and sets the counter through /proc, as a user at a terminal would.
insmod proc_counter.ko step=2
sleep 5.5
cat /proc/counter
echo 100 > /proc/counter
sleep 3
cat /proc/counter
echo many > /proc/counter || echo "refused, as it should be"
ps -e | grep counter
rmmod proc_counter
test -e /proc/counter || echo "/proc/counter is gone"
