/* Records what a program asks of the disk: LD_PRELOAD this, and every write, truncation, sync,
 * rename and removal below $TRYGG_TRACE_ROOT is appended to $TRYGG_TRACE, in the order in which
 * they were done, with what was written. Also what is sent to callers of the program's sockets
 * ("said"), so that it is known what had been promised before each cut. trace.py reads it.
 *
 * One lock is held over an operation and its entry, so the order is the true one. An entry is
 * six 64-bit words (operation, process, descriptor, number, length of path, length of data), path
 * and data. A memory-mapped file is not seen: SQLite maps nothing but its -shm, which no power cut
 * leaves anything of.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPEN = 1, CLOSE, WRITE, TRUNCATE, SYNC, RENAME, UNLINK, MKDIR, ACCEPT, SAID, LINK };
#define FDS 65536

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static int trace = -1;
static char root[PATH_MAX];
static size_t root_size;
static unsigned char kept[FDS], caller[FDS];

#define REAL(name) ((typeof(&name))real(#name))
static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void)
{
    const char *file = getenv("TRYGG_TRACE"), *below = getenv("TRYGG_TRACE_ROOT");
    if (!file || !below || strlen(below) >= PATH_MAX) return;
    strcpy(root, below);
    root_size = strlen(root);
    int fd = REAL(open)(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    trace = fcntl(fd, F_DUPFD_CLOEXEC, 1000); /* out of everybody's way */
    REAL(close)(fd);
}

static void note(int op, int fd, int64_t number, const char *path, const void *data, size_t size)
{
    int64_t head[6] = {op, getpid(), fd, number, path ? (int64_t)strlen(path) : 0, (int64_t)size};
    struct iovec parts[3] = {{head, sizeof head}, {(void *)path, head[4]}, {(void *)data, size}};
    if (trace >= 0 && REAL(writev)(trace, parts, 3) < 0) abort(); /* a trace with a hole lies */
}

/* The path made absolute; NULL if it is not below the root. */
static const char *ours(int folder, const char *path, char *out)
{
    if (!root_size || !path) return NULL;
    if (path[0] == '/') {
        snprintf(out, PATH_MAX, "%s", path);
    } else {
        char from[64], here[PATH_MAX];
        if (folder == AT_FDCWD) strcpy(from, "/proc/self/cwd");
        else snprintf(from, sizeof from, "/proc/self/fd/%d", folder);
        ssize_t size = readlink(from, here, sizeof here - 1);
        if (size < 0) return NULL;
        here[size] = 0;
        if (snprintf(out, PATH_MAX, "%s/%s", here, path) >= PATH_MAX) return NULL;
    }
    size_t size = strlen(out);
    while (size > 1 && out[size - 1] == '/') out[--size] = 0;
    return !strncmp(out, root, root_size) && (out[root_size] == '/' || !out[root_size]) ? out : NULL;
}

static int is_kept(int fd) { return fd >= 0 && fd < FDS && kept[fd]; }

static int opened(int folder, const char *path, int flags, int mode)
{
    char full[PATH_MAX];
    const char *mine = ours(folder, path, full);
    if (!mine) {
        int fd = REAL(openat)(folder, path, flags, mode);
        if (fd >= 0 && fd < FDS) kept[fd] = 0;
        return fd;
    }
    pthread_mutex_lock(&lock);
    struct stat there;
    int is_new = stat(mine, &there) < 0;
    int fd = REAL(openat)(folder, path, flags, mode);
    int error = errno;
    if (fd >= 0 && fd < FDS) {
        kept[fd] = 1;
        caller[fd] = 0;
        note(OPEN, fd, flags & O_TRUNC ? 1 : 0, mine, is_new ? "1" : "0", 1);
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return fd;
}

#define OPENER(name)                                                                               \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        va_list more;                                                                              \
        va_start(more, flags);                                                                     \
        int mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, int) : 0;                        \
        va_end(more);                                                                              \
        return opened(AT_FDCWD, path, flags, mode);                                                \
    }
OPENER(open)
OPENER(open64)

int openat(int folder, const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    int mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, int) : 0;
    va_end(more);
    return opened(folder, path, flags, mode);
}
int openat64(int folder, const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    int mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, int) : 0;
    va_end(more);
    return opened(folder, path, flags, mode);
}

int creat(const char *path, mode_t mode)
{
    return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int close(int fd)
{
    if (fd == trace && trace >= 0) return 0; /* somebody closes all there are */
    if (fd >= 0 && fd < FDS && (kept[fd] || caller[fd])) {
        pthread_mutex_lock(&lock);
        note(CLOSE, fd, 0, NULL, NULL, 0);
        kept[fd] = caller[fd] = 0;
        int done = REAL(close)(fd);
        pthread_mutex_unlock(&lock);
        return done;
    }
    return REAL(close)(fd);
}

/* After a write at the file's own place, `done` bytes long. */
static void wrote_here(int fd, const void *data, ssize_t done)
{
    if (done > 0) note(WRITE, fd, lseek(fd, 0, SEEK_CUR) - done, NULL, data, done);
}

ssize_t write(int fd, const void *data, size_t size)
{
    if (!is_kept(fd)) return REAL(write)(fd, data, size);
    pthread_mutex_lock(&lock);
    ssize_t done = REAL(write)(fd, data, size);
    int error = errno;
    wrote_here(fd, data, done);
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (!is_kept(fd)) return REAL(writev)(fd, parts, count);
    return count ? write(fd, parts[0].iov_base, parts[0].iov_len) : 0; /* less than asked is allowed */
}

static ssize_t wrote_at(int fd, const void *data, size_t size, off64_t at)
{
    if (!is_kept(fd)) return REAL(pwrite64)(fd, data, size, at);
    pthread_mutex_lock(&lock);
    ssize_t done = REAL(pwrite64)(fd, data, size, at);
    int error = errno;
    if (done > 0) note(WRITE, fd, at, NULL, data, done);
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return wrote_at(fd, data, size, at); }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    return wrote_at(fd, data, size, at);
}

static int cut(int fd, off64_t size)
{
    if (!is_kept(fd)) return REAL(ftruncate64)(fd, size);
    pthread_mutex_lock(&lock);
    int done = REAL(ftruncate64)(fd, size);
    int error = errno;
    if (!done) note(TRUNCATE, fd, size, NULL, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}
int ftruncate(int fd, off_t size) { return cut(fd, size); }
int ftruncate64(int fd, off64_t size) { return cut(fd, size); }

/* What would go past the record is not to be had: its callers write by hand then. */
ssize_t sendfile(int out, int in, off_t *at, size_t size)
{
    if (!is_kept(out)) return REAL(sendfile)(out, in, at, size);
    errno = ENOSYS;
    return -1;
}
ssize_t sendfile64(int out, int in, off64_t *at, size_t size)
{
    if (!is_kept(out)) return REAL(sendfile64)(out, in, at, size);
    errno = ENOSYS;
    return -1;
}
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t size, unsigned flags)
{
    if (!is_kept(out)) return REAL(copy_file_range)(in, from, out, to, size, flags);
    errno = ENOSYS;
    return -1;
}

static int synced(int fd, int (*how)(int))
{
    if (!is_kept(fd)) return how(fd);
    pthread_mutex_lock(&lock);
    int done = how(fd);
    int error = errno;
    if (!done) note(SYNC, fd, 0, NULL, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}
int fsync(int fd) { return synced(fd, REAL(fsync)); }
int fdatasync(int fd) { return synced(fd, REAL(fdatasync)); }

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    char a[PATH_MAX], b[PATH_MAX];
    const char *old = ours(from_folder, from, a), *new = ours(to_folder, to, b);
    pthread_mutex_lock(&lock);
    int done = REAL(renameat2)(from_folder, from, to_folder, to, flags);
    int error = errno;
    if (!done && old && new) note(RENAME, -1, 0, old, new, strlen(new));
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}
int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int a, const char *from, int b, const char *to) { return renameat2(a, from, b, to, 0); }

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
    char a[PATH_MAX], b[PATH_MAX];
    const char *old = ours(from_folder, from, a), *new = ours(to_folder, to, b);
    pthread_mutex_lock(&lock);
    int done = REAL(linkat)(from_folder, from, to_folder, to, flags);
    int error = errno;
    if (!done && old && new) note(LINK, -1, 0, old, new, strlen(new));
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int unlinkat(int folder, const char *path, int flags)
{
    char full[PATH_MAX];
    const char *mine = ours(folder, path, full);
    pthread_mutex_lock(&lock);
    int done = REAL(unlinkat)(folder, path, flags);
    int error = errno;
    if (!done && mine) note(UNLINK, -1, 0, mine, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int remove(const char *path) { return unlink(path); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int mkdirat(int folder, const char *path, mode_t mode)
{
    char full[PATH_MAX];
    const char *mine = ours(folder, path, full);
    pthread_mutex_lock(&lock);
    int done = REAL(mkdirat)(folder, path, mode);
    int error = errno;
    if (!done && mine) note(MKDIR, -1, 0, mine, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

static int accepted(int fd)
{
    if (fd >= 0 && fd < FDS && trace >= 0) {
        pthread_mutex_lock(&lock);
        kept[fd] = 0;
        caller[fd] = 1;
        note(ACCEPT, fd, 0, NULL, NULL, 0);
        pthread_mutex_unlock(&lock);
    }
    return fd;
}
int accept(int door, struct sockaddr *who, socklen_t *size)
{
    return accepted(REAL(accept)(door, who, size));
}
int accept4(int door, struct sockaddr *who, socklen_t *size, int flags)
{
    return accepted(REAL(accept4)(door, who, size, flags));
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
    if (fd >= 0 && fd < FDS && caller[fd]) {
        pthread_mutex_lock(&lock); /* noted before: from here on it may have been heard */
        note(SAID, fd, 0, NULL, data, size);
        pthread_mutex_unlock(&lock);
    }
    return REAL(send)(fd, data, size, flags);
}
