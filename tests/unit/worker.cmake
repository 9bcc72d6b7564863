# SPDX-License-Identifier: Apache-2.0
# Programs of the worker.

fc_unit_test(lattice SOURCES lattice_test.c DEPS fc_contract)
fc_unit_test(convert SOURCES convert_test.c DEPS fc_contract)
fc_unit_test(cell_text SOURCES cell_text_test.c DEPS fc_contract)
