insmod m.ko
sleep 1
p=$(pgrep a-long)
cat /proc/$p/comm
cat /proc/$p/status
cut -d' ' -f2- /proc/$p/stat
cat /proc/$p/wchan
cat /proc/$p/stack
cat /proc/$p/cmdline
ls -l /proc/$p/exe | cut -c1-10
cat /proc/$p/maps
cat /proc/$p/sched | head -n 12
cat /proc/$p/cgroup /proc/$p/oom_score /proc/$p/syscall
echo renamed > /proc/$p/comm
cat /proc/$p/comm
pidof a-long-kthread-name/3
ps -p $p -o stat,ni,pri,cls,rtprio,psr,wchan:20,comm,cmd
renice -n 5 -p $p; ps -p $p -o ni,pri
kill $p; kill -STOP $p; ps -p $p -o stat
rmmod m
