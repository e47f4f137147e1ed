insmod m.ko
cat /proc/kloomseq
dd if=/proc/kloomseq bs=7 count=2 2> /dev/null
head -n 1 /proc/kloomseq
cat /proc/kloomonce
dd if=/proc/kloomonce bs=1 count=3 2> /dev/null
cat /proc/kloomfail
wc -c < /proc/kloombig
tail -n 1 /proc/kloombig
echo x > /proc/kloomseq
ls -l /proc/kloomseq | cut -c1-10
rmmod m
cat /proc/kloomseq
