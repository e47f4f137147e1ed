void msleep(unsigned int msecs);
