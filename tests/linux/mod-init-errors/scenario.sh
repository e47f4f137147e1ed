insmod m.ko result=-12
insmod m.ko result=-1
insmod m.ko result=-22
insmod m.ko result=-16
insmod m.ko result=-19
insmod m.ko result=-17
insmod m.ko result=-2
insmod m.ko result=-11
insmod m.ko result=-4
insmod m.ko result=-512
insmod m.ko result=-4000
lsmod
insmod m.ko
rmmod m
