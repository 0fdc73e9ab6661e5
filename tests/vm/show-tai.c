/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints by how many seconds TAI is ahead of UTC, as far as the guest's kernel was told. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/timex.h>

int
main(void)
{
    struct timex timex = { .modes = 0 };
    if (adjtimex(&timex) < 0) {
        perror("show-tai: adjtimex");
        return EXIT_FAILURE;
    }
    printf("%d\n", timex.tai);
    return EXIT_SUCCESS;
}
