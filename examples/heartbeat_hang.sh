# A kernel thread ignores signals, SIGKILL too; rmmod waits for it all the same.
insmod heartbeat_hang.ko
sleep 1
kill -9 $(pidof heartbeat)
sleep 1
ps -e | grep heartbeat
rmmod heartbeat_hang
