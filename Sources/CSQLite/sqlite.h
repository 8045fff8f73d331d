// What Swift cannot call of SQLite and Linux because it has variable arguments or is a GNU extension.
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct sqlite3;
extern int sqlite3_db_config(struct sqlite3 *, int operation, ...);

// Whether a connection that closes last leaves the write-ahead log where it is
// (SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, https://www.sqlite.org/c3ref/c_dbconfig_defensive.html).
static inline int crisp_keep_log_on_close(struct sqlite3 *database, int keep) {
  return sqlite3_db_config(database, 1006, keep, (int *)0);
}

// renameat2(2) with RENAME_NOREPLACE: 0, or the error's number, EEXIST where the name is taken.
static inline int crisp_rename_without_replacing(const char *from, const char *to) {
  return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 1u) == 0 ? 0 : errno;
}
