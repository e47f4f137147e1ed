insmod m.ko
echo never
