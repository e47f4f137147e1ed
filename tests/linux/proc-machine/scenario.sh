cat /proc/version
cat /proc/uptime | tr '0-9' '9'
cat /proc/loadavg | tr '0-9' '9'
cat /proc/interrupts | cut -c1-60
head -n 5 /proc/meminfo | cut -d: -f1
cat /proc/modules
cat /proc/self/comm
id
uname -a
cat /proc/sys/kernel/threads-max /proc/sys/kernel/pid_max /proc/sys/kernel/hung_task_timeout_secs /proc/sys/kernel/watchdog_thresh
cat /proc/nosuch
cat /proc/1/comm
cat /proc/2/comm
kill -0 99999
kill -9 2
