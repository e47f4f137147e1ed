/* The second source file of the module `full`. */
int helper_twist(int n);
