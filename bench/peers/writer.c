/* The limit: one epoll loop that writes a frame made beforehand to every socket. Nothing is parsed, executed, checked or
   kept back for slow readers, and there is no database: a title that is changed is changed in memory.

   cc -O2 -o writer writer.c; ./writer PORT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 65536, TICKETS = 40, ID = 36 };
enum stage { HTTP = 0, UPGRADED, LIVE };

static struct { enum stage stage; char id[ID]; } clients[MOST];
static int live[MOST], lives;
static char titles[TICKETS + 1][100];
static char buffer[65536], list[16384], frame[20000];
static const char *statuses[] = {"Todo", "Doing", "Done"};

static int make_list(void) {
    char *at = list;
    for (int i = 1; i <= TICKETS; i++) {
        char priority[12] = "null";
        if (i % 7) sprintf(priority, "%d", i % 4);
        at += sprintf(at, "%s{\"id\":%d,\"title\":\"%s\",\"status\":\"%s\",\"email\":\"customer%d@example.com\",\"priority\":%s}",
                      i > 1 ? "," : "", i, titles[i], statuses[i % 3], i, priority);
    }
    return (int)(at - list);
}

static void put(int to, const char *bytes, int size) {
    if (write(to, bytes, size) != size) { fprintf(stderr, "A socket is full.\n"); exit(1); }
}

static void answer(int to, const char *name) {
    static char body[20000], head[20200];
    make_list();
    int size = sprintf(body, "{\"data\":{\"%s\":[%s]}}", name, list);
    int all = sprintf(head, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s", size, body);
    put(to, head, all);
}

static void change(int number, const char *title, int length) {
    memcpy(titles[number], title, length);
    titles[number][length] = 0;
    make_list();
    int size = sprintf(frame + 4, "{\"id\":\"%*s\",\"type\":\"next\",\"payload\":{\"data\":{\"board\":[%s]}}}", ID, "", list);
    frame[0] = (char)0x81, frame[1] = 126, frame[2] = (char)(size >> 8), frame[3] = (char)size;
    for (int i = 0; i < lives; i++) {
        memcpy(frame + 4 + 7, clients[live[i]].id, ID);
        put(live[i], frame, size + 4);
    }
}

static void received(int from, int size) {
    static const char ack[] = "\x81\x19{\"type\":\"connection_ack\"}";
    static const char upgraded[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                   "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n";
    static const char changed[] = "HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{\"data\":{}}";
    buffer[size] = 0;
    if (clients[from].stage == UPGRADED) {
        /* The clients of bench/ mask with zeros. */
        char *id = memmem(buffer, size, "\"id\":\"", 6);
        if (id == NULL) { put(from, ack, sizeof ack - 1); return; }
        memcpy(clients[from].id, id + 6, ID);
        clients[from].stage = LIVE;
        live[lives++] = from;
    } else if (clients[from].stage == HTTP && strncmp(buffer, "GET", 3) == 0) {
        put(from, upgraded, sizeof upgraded - 1);
        clients[from].stage = UPGRADED;
    } else if (clients[from].stage == HTTP && strstr(buffer, "\"query\"") != NULL) {
        /* {"query": "mutation ...", "variables": {"id": 1, "title": "..."}} */
        char *number = strstr(buffer, "\"id\": "), *title = strstr(buffer, "\"title\": \"");
        if (number == NULL || title == NULL) { answer(from, "tickets"); return; }
        title += 10;
        change(atoi(number + 6), title, (int)(strchr(title, '"') - title));
        put(from, changed, sizeof changed - 1);
    }
}

int main(int count, char **words) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), poll = epoll_create1(0), yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (count < 2) return 2;
    address.sin_port = htons(atoi(words[1]));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) return 1;
    for (int i = 1; i <= TICKETS; i++)
        sprintf(titles[i], "Ticket %d: the \\\"printer\\\" on floor %d is on fire", i, i % 30);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[256];
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int ready = epoll_wait(poll, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                fd = accept(listener, NULL, NULL);
                if (fd < 0 || fd >= MOST) return 1;
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                memset(&clients[fd], 0, sizeof clients[fd]);
                event.data.fd = fd;
                epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
                continue;
            }
            int size = (int)read(fd, buffer, sizeof buffer - 1);
            if (size > 0) { received(fd, size); continue; }
            for (int k = 0; k < lives; k++)
                if (live[k] == fd) live[k] = live[--lives];
            close(fd);
        }
    }
}
