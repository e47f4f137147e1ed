insmod m.ko
cat /sys/module/m/parameters/n /sys/module/m/parameters/yes /sys/module/m/parameters/no /sys/module/m/parameters/text /sys/module/m/parameters/list
ls /sys/module/m/parameters
echo 77 > /sys/module/m/parameters/n
echo x > /sys/module/m/parameters/n
echo hello > /sys/module/m/parameters/text
rmmod m
insmod m.ko n=0x10 b=255 yes=y no=1 text="two words" list=1,2,3 word=abc big=18446744073709551615 outer=-5
rmmod m
insmod m.ko yes no
rmmod m
insmod m.ko n=abc
insmod m.ko n=99999999999
insmod m.ko b=256
insmod m.ko yes=maybe
insmod m.ko list=1,2,3,4
insmod m.ko word=much-too-long
insmod m.ko n=
insmod m.ko n
insmod m.ko text
insmod m.ko nosuch=3
rmmod m
insmod m.ko nosuch
rmmod m
insmod m.ko n=1 -- n=2
rmmod m
