#include "greet.h"

#include <stdio.h>

size_t greet(char *page, size_t size, const char *name) {
    int length = snprintf(page, size, "Hello, %s!\n", name);
    return length < 0 ? 0 : (size_t)length < size ? (size_t)length : size - 1;
}
