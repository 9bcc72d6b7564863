/* SPDX-License-Identifier: Apache-2.0 */
/** Pages of docs/reference/ that are made from the tables of the code. One function a page. */
#pragma once

#include <stdio.h>

/** base/reasons.def */
void page_errors(FILE *out);
