insmod m.ko
sleep 3
top -b -n 2 -d 2 | grep busy | tail -n 1 | awk '{ print ($9 > 80) ? "busy" : "idle", $8 }'
rmmod m
insmod m.ko polite=1
sleep 3
top -b -n 2 -d 2 | grep busy | tail -n 1 | awk '{ print ($9 > 80) ? "busy" : "idle", $8 }'
rmmod m
