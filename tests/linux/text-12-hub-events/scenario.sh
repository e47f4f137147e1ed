insmod m.ko
ps ax -o stat,wchan:20,comm | grep khubd | grep -v grep
echo +1 > /proc/hub
sleep 1
echo +3 > /proc/hub; sleep 1; echo -1 > /proc/hub
sleep 1
echo x > /proc/hub
cat /proc/hub
rmmod m
