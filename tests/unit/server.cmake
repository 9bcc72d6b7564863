# SPDX-License-Identifier: Apache-2.0
# Programs of the rooms that start workers: admission and jobs, and the services on top of them.
fc_unit_test(policy SOURCES policy_test.c DEPS fc_admission)
