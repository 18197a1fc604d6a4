/* A web server that greets whom GREETING_NAME names. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "greet.h"

static void answer(int client, const char *name) {
    char request[4096], page[512], head[256];
    if (read(client, request, sizeof request) <= 0) return;
    size_t length = greet(page, sizeof page, name);
    int head_length = snprintf(head, sizeof head,
                               "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                               "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                               length);
    if (write(client, head, (size_t)head_length) < 0) return;
    if (write(client, page, length) < 0) perror("write");
}

int main(void) {
    const char *name = getenv("GREETING_NAME");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9000)};
    int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    signal(SIGPIPE, SIG_IGN);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 64)) {
        perror("listen");
        return 1;
    }
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0) continue;
        answer(client, name ? name : "world");
        shutdown(client, SHUT_WR);
        close(client);
    }
}
