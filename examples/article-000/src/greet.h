#ifndef GREET_H
#define GREET_H

#include <stddef.h>

/* Writes the page for `name` into `page` and returns its length. */
size_t greet(char *page, size_t size, const char *name);

#endif
