ps ax -o pid,ppid,stat,comm | head -n 16
ps ax -o comm | grep -E 'ksoftirqd|kthreadd|migration|kworker' | sed 's/kworker.*/kworker/' | sort | uniq
ps -p 2 -o pid,ppid,stat,ni,cls,comm
ps ax | head -n 3
ps
ps -e | head -n 4
ps -ef | head -n 4
ps aux | head -n 4
