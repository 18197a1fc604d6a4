#include <assert.h>
#include <string.h>

#include "../src/greet.h"

int main(void) {
    char page[64], tiny[8];
    assert(greet(page, sizeof page, "Towpath") == strlen("Hello, Towpath!\n"));
    assert(strcmp(page, "Hello, Towpath!\n") == 0);
    assert(greet(tiny, sizeof tiny, "somebody") == sizeof tiny - 1);
    return 0;
}
