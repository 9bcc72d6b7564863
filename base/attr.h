/* SPDX-License-Identifier: Apache-2.0 */
/** Compiler attributes and the cleanup idiom used in every room. */
#pragma once

/** The result must be looked at: ignoring it does not compile. */
#define FC_MUST              __attribute__((warn_unused_result))
#define FC_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define FC_UNUSED            __attribute__((unused))
#define FC_FALLTHROUGH       __attribute__((fallthrough))

/** Runs `fn(&variable)` when the variable leaves its scope. Destructors take NULL and half-built objects. */
#define FC_CLEANUP(fn) __attribute__((cleanup(fn)))

/** Hands the object on to the caller: yields the pointer and leaves NULL behind, so that FC_CLEANUP finds nothing. */
#define fc_steal(pointer)                                                                          \
    (__extension__({                                                                               \
        __typeof__(pointer) *at_ = &(pointer);                                                     \
        __typeof__(pointer) value_ = *at_;                                                         \
        *at_ = (void *)0;                                                                          \
        value_;                                                                                    \
    }))

/** Defines `name_freep(T **)`, the FC_CLEANUP form of `name_free(T *)`. */
#define FC_DEFINE_FREEP(type, free_fn)                                                             \
    static inline void free_fn##p(type **object)                                                   \
    {                                                                                              \
        free_fn(*object);                                                                          \
    }

#define FC_ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))
