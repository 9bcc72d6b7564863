/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/attr.h"
#include "server/notify.h"

static void the_manager_gets_the_state(void **state FC_UNUSED)
{
    char dir[] = "/tmp/fc-notify-XXXXXX";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char got[64] = "";

    assert_non_null(mkdtemp(dir));
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", dir);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", address.sun_path, 1), 0);
    fc_notify("READY=1");
    assert_int_equal(recv(fd, got, sizeof got - 1, MSG_DONTWAIT), 7);
    assert_string_equal(got, "READY=1");
    (void)close(fd);
    (void)unlink(address.sun_path);
    (void)rmdir(dir);
}

static void nobody_to_tell_is_no_failure(void **state FC_UNUSED)
{
    static const char *const odd[] = {"", "relative/path", "/nowhere/at/all", "@"};

    for (size_t i = 0; i < FC_ARRAY_LEN(odd); i++) {
        assert_int_equal(setenv("NOTIFY_SOCKET", odd[i], 1), 0);
        fc_notify("READY=1");
    }
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    fc_notify("READY=1");
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest cases[] = {
        cmocka_unit_test(the_manager_gets_the_state),
        cmocka_unit_test(nobody_to_tell_is_no_failure),
    };
    return fc_test_run(argc, argv, cases, FC_ARRAY_LEN(cases), NULL, NULL);
}
