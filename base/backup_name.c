/* SPDX-License-Identifier: Apache-2.0 */
#include "base/backup_name.h"

#include <string.h>
#include <time.h>

#include "base/sys.h"

void fc_backup_name(int64_t taken_ns, char name[FC_BACKUP_NAME_SIZE])
{
    time_t seconds = (time_t)(taken_ns / FC_NS_PER_S);
    struct tm utc;

    (void)gmtime_r(&seconds, &utc);
    (void)strftime(name, FC_BACKUP_NAME_SIZE, "registry-%Y%m%dT%H%M%SZ.db", &utc);
}

bool fc_backup_name_is(const char *name)
{
    static const char form[] = "registry-00000000T000000Z.db";

    if (strlen(name) != sizeof form - 1)
        return false;
    for (size_t i = 0; form[i] != '\0'; i++)
        if (form[i] == '0' ? name[i] < '0' || name[i] > '9' : name[i] != form[i])
            return false;
    return true;
}
