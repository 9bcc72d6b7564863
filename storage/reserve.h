/* SPDX-License-Identifier: Apache-2.0 */
/** A file that only takes up room, so that a full disk does not stand in the way of an orderly stop. */
#pragma once

/** Makes `<dir>/RESERVE` of 1 MiB unless it is there. A disk that has no room for it is no error: that is its case. */
void fc_reserve_make(const char *dir);

/** Gives the room back. */
void fc_reserve_release(const char *dir);
