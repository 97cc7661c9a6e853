/* What the network examples share: loopback sockets, and frames of a four-byte big-endian length. POSIX. */
#ifndef EXAMPLE_NET_H
#define EXAMPLE_NET_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in net_address(uint16_t port) {
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

static inline int net_connect(uint16_t port) {
    struct sockaddr_in address = net_address(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Listens on a port of the system's choice, prints it, and takes one connection. */
static inline int net_accept_one(void) {
    struct sockaddr_in address = net_address(0);
    socklen_t size = sizeof address;
    int fd = -1, listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener >= 0 && !bind(listener, (struct sockaddr *)&address, sizeof address) && !listen(listener, 1) &&
        !getsockname(listener, (struct sockaddr *)&address, &size)) {
        printf("port %u\n", ntohs(address.sin_port));
        fflush(stdout);
        fd = accept(listener, NULL, NULL);
    }
    if (listener >= 0) {
        close(listener);
    }
    return fd;
}

static inline bool net_write(int fd, const void *data, size_t size) {
    const char *at = (const char *)data;
    while (size) {
        ssize_t n = write(fd, at, size);
        if (n <= 0) {
            return false;
        }
        at += n;
        size -= (size_t)n;
    }
    return true;
}

/* False at the end of the stream too. */
static inline bool net_read(int fd, void *data, size_t size) {
    char *at = (char *)data;
    while (size) {
        ssize_t n = read(fd, at, size);
        if (n <= 0) {
            return false;
        }
        at += n;
        size -= (size_t)n;
    }
    return true;
}

static inline bool net_write_length(int fd, size_t size) {
    uint8_t head[4];
    head[0] = (uint8_t)(size >> 24);
    head[1] = (uint8_t)(size >> 16);
    head[2] = (uint8_t)(size >> 8);
    head[3] = (uint8_t)size;
    return net_write(fd, head, sizeof head);
}

static inline bool net_read_length(int fd, uint32_t *size) {
    uint8_t head[4];
    if (!net_read(fd, head, sizeof head)) {
        return false;
    }
    *size = (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
    return true;
}

#endif
