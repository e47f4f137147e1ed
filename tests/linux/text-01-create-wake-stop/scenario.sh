insmod m.ko
sleep 1
ps ax -o stat,comm | grep -E 'maker|worker/7'
ps ax | grep -c '\[worker/7:high\]'
rmmod m
ps ax -o comm | grep -c maker
