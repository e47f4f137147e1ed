/* Formats the cases on stdin with the C library's snprintf; see snprintf_oracle.rs.
 *
 * A line is: size, format in hexadecimal, then eight arguments, each `v` and a number or `s` and a string, both in
 * hexadecimal. The answer is the returned length and the text in hexadecimal. Every argument is passed as a 64-bit
 * integer, which on x86-64 is how narrower integers and pointers are passed, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARGS = 8, LINE = 1 << 16 };

static int digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* Decodes in place: the text is half as long as its digits. */
static size_t unhex(char *s)
{
	size_t n = strlen(s) / 2;

	for (size_t i = 0; i < n; i++)
		s[i] = (char)(digit(s[2 * i]) << 4 | digit(s[2 * i + 1]));
	s[n] = '\0';
	return n;
}

int main(void)
{
	static char line[LINE], out[LINE];

	while (fgets(line, sizeof line, stdin)) {
		unsigned long a[ARGS] = { 0 };
		size_t size = strtoul(strtok(line, " \n"), NULL, 10);
		char *fmt = strtok(NULL, " \n");

		unhex(++fmt); /* a letter in front keeps the empty text a word */
		for (int i = 0; i < ARGS; i++) {
			char *word = strtok(NULL, " \n");

			if (*word++ == 's') {
				unhex(word);
				a[i] = (unsigned long)word;
			} else {
				a[i] = strtoul(word, NULL, 16);
			}
		}
		memset(out, 0, sizeof out);
		int n = snprintf(out, size, fmt, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
		size_t kept = size == 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;

		printf("%d x", n);
		for (size_t i = 0; i < kept; i++)
			printf("%02x", (unsigned char)out[i]);
		putchar('\n');
	}
	return 0;
}
