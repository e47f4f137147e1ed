insmod m.ko
sleep 3
top -b -n 2 -d 2 | grep busy | tail -n 1 | tr -s ' ' | cut -d' ' -f9
rmmod m
insmod m.ko polite=1
sleep 3
top -b -n 2 -d 2 | grep busy | tail -n 1 | tr -s ' ' | cut -d' ' -f9
rmmod m
