# SPDX-License-Identifier: Apache-2.0
# feastctl, without a server.
foreach(name options docs output cli)
    fc_unit_test(client_${name} SOURCES client_${name}_test.c DEPS fc_client fc_test_scratch)
endforeach()
