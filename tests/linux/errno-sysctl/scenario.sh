insmod m.ko
cd /proc/sys/kloom
ls -l | cut -c1-10
cat number bounded flag big text array ms
echo 7 > number
echo -7 > number
cat number
echo 0x10 > number
cat number
echo x > number
echo 99999999999 > number
echo 5x > number
echo '' > number
cat number
echo 0 > bounded
echo 10 > bounded
echo 9 > bounded
cat bounded
echo 1 > flag
echo -1 > big
echo 18446744073709551615 > big
cat big
echo 'much too long' > text
cat text
echo '4 5' > array
cat array
echo 1 2 3 4 > array
cat array
echo 3 > ms
cat ms number
cd /
rmmod m
ls /proc/sys/kloom
