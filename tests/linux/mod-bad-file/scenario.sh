echo hello > text.ko; insmod text.ko
: > empty.ko; insmod empty.ko
head -c 400 m.ko > short.ko; insmod short.ko
head -c 3000 m.ko > short.ko; insmod short.ko
{ head -c 16 m.ko; printf '\003\000'; tail -c +19 m.ko; } > program.ko; insmod program.ko
sed 's/vermagic=6.1/vermagic=5.1/' m.ko > magic.ko; insmod magic.ko
rmmod m
sed 's/SMP preempt/UP  preempt/' m.ko > magic.ko; insmod magic.ko
sed 's/vermagic=/vermagix=/' m.ko > magic.ko; insmod magic.ko
mkdir dir.ko; insmod dir.ko
rm m.ko; insmod m.ko
