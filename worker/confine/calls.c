/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker/confine/confine.h"

/*
 * Refused whatever their arguments are. A list of what is allowed would be stronger and would break with the next
 * version of a library: this one names what an attacker would want and no library of ours needs.
 */
static const char *const REFUSED[] = {
    /* other programs and processes */
    "execve",
    "execveat",
    "fork",
    "vfork",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "pidfd_getfd",
    "pidfd_send_signal",
    "kcmp",
    "tkill",
    "personality",
    /* the kernel's wide doors */
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "keyctl",
    "add_key",
    "request_key",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "open_by_handle_at",
    "name_to_handle_at",
    "lookup_dcookie",
    "fanotify_init",
    "move_pages",
    "migrate_pages",
    "modify_ldt",
    "iopl",
    "ioperm",
    /* file systems and name spaces */
    "mount",
    "umount2",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    "pivot_root",
    "chroot",
    "setns",
    "unshare",
    "mknod",
    "mknodat",
    "swapon",
    "swapoff",
    "quotactl",
    "acct",
    /* the machine */
    "reboot",
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "adjtimex",
    "sethostname",
    "setdomainname",
    "syslog",
    "vhangup",
    /* other users */
    "setuid",
    "setgid",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "setfsuid",
    "setfsgid",
    "setgroups",
    "capset",
    /* to be reached by others */
    "listen",
    "accept",
    "accept4",
    "shmget",
    "msgget",
    "semget",
    "mq_open",
};

static int refuse_all(scmp_filter_ctx filter)
{
    int failed = 0;

    for (size_t i = 0; i < FC_ARRAY_LEN(REFUSED) && failed == 0; i++) {
        int number = seccomp_syscall_resolve_name(REFUSED[i]);
        /* Not every machine has every call. */
        if (number != __NR_SCMP_ERROR)
            failed = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
        failed = failed == -EDOM ? 0 : failed;
    }
    return failed;
}

/* Signals go to this process alone; limits are those of this process. */
static int keep_to_self(scmp_filter_ctx filter)
{
    static const int calls[] = {SCMP_SYS(kill), SCMP_SYS(tgkill), SCMP_SYS(rt_sigqueueinfo),
                                SCMP_SYS(rt_tgsigqueueinfo)};
    int failed = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prlimit64), 1,
                                  SCMP_A0(SCMP_CMP_NE, 0));

    for (size_t i = 0; i < FC_ARRAY_LEN(calls) && failed == 0; i++) {
        failed = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), calls[i], 1,
                                  SCMP_A0(SCMP_CMP_NE, (scmp_datum_t)getpid()));
    }
    return failed;
}

/* Threads, no processes. The flags of clone3 are in memory, where a filter cannot look: libc falls back to clone. */
static int threads_only(scmp_filter_ctx filter)
{
    int failed = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                                  SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));

    return failed != 0 ? failed
                       : seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

/* Internet sockets, and the one that name resolution asks about routes with. */
static int sockets(scmp_filter_ctx filter)
{
    const uint32_t refuse = SCMP_ACT_ERRNO(EAFNOSUPPORT);
    int failed = 0;

    for (unsigned family = 0; family <= AF_NETLINK && failed == 0; family++) {
        if (family != AF_INET && family != AF_INET6 && family != AF_NETLINK) {
            failed =
                seccomp_rule_add(filter, refuse, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, family));
        }
    }
    if (failed == 0) {
        failed =
            seccomp_rule_add(filter, refuse, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_GT, AF_NETLINK));
    }
    return failed != 0
               ? failed
               : seccomp_rule_add(filter, refuse, SCMP_SYS(socket), 2,
                                  SCMP_A0(SCMP_CMP_EQ, AF_NETLINK), SCMP_A2(SCMP_CMP_NE, 0));
}

fc_rc fc_confine_calls(struct fc_error *err)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int failed = !filter ? -ENOMEM : 0;

    if (failed == 0)
        failed = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (failed == 0)
        failed = refuse_all(filter);
    if (failed == 0)
        failed = keep_to_self(filter);
    if (failed == 0)
        failed = threads_only(filter);
    if (failed == 0)
        failed = sockets(filter);
    if (failed == 0)
        failed = seccomp_load(filter); /* sets no_new_privs too */
    seccomp_release(filter);
    return failed == 0 ? FC_OK
                       : fc_fail(err, FC_REASON_IO_FAILED, "system calls cannot be confined: %s",
                                 strerror(-failed));
}
