/* SPDX-License-Identifier: Apache-2.0 */
/* Landlock by its system calls: libc has no functions for it, and the header of the build may be older than the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "worker/confine/confine.h"

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
/* Every access of the first version: bits 0 to 12. */
#define FIRST ((UINT64_C(1) << 13) - 1)
/* What later versions added. */
#define REFER    (UINT64_C(1) << 13)
#define TRUNCATE (UINT64_C(1) << 14)
#define EXECUTE  LANDLOCK_ACCESS_FS_EXECUTE
/* Those that mean something for what is no directory. */
#define OF_FILES (EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | TRUNCATE)

static uint64_t handled(long version)
{
    return FIRST | (version >= 2 ? REFER : 0) | (version >= 3 ? TRUNCATE : 0);
}

static int allow(int ruleset, const char *path, uint64_t access)
{
    int fd = open(path, O_PATH | O_CLOEXEC), failed = 0;
    struct stat st;

    if (fd < 0)
        return 0; /* not there, or out of reach anyhow */
    if (fstat(fd, &st) != 0) {
        failed = errno;
    } else {
        struct landlock_path_beneath_attr rule = {
            .allowed_access = S_ISDIR(st.st_mode) ? access : access & OF_FILES, .parent_fd = fd};
        if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
            failed = errno;
    }
    (void)close(fd);
    return failed;
}

static int allow_all(int ruleset, const struct fc_confine_files *files, uint64_t all)
{
    int failed = files->read_any ? allow(ruleset, "/", READ) : 0;

    for (size_t i = 0; !files->read_any && files->read[i] && failed == 0; i++)
        failed = allow(ruleset, files->read[i], READ);
    for (size_t i = 0; files->write[i] && failed == 0; i++)
        failed = allow(ruleset, files->write[i], all & ~(uint64_t)EXECUTE);
    return failed != 0 ? failed
                       : allow(ruleset, "/dev/null",
                               LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
}

fc_rc fc_confine_files(const struct fc_confine_files *files, struct fc_error *err)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    const struct landlock_ruleset_attr attributes = {.handled_access_fs = handled(version)};
    int failed = 0, ruleset = -1;

    if (version < 1)
        return fc_fail(err, FC_REASON_IO_FAILED, "files cannot be confined: %s", strerror(errno));
    ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    failed = ruleset < 0 ? errno : allow_all(ruleset, files, attributes.handled_access_fs);
    if (failed == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        failed = errno;
    if (failed == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
        failed = errno;
    if (ruleset >= 0)
        (void)close(ruleset);
    return failed == 0 ? FC_OK
                       : fc_fail(err, FC_REASON_IO_FAILED, "files cannot be confined: %s",
                                 strerror(failed));
}
