/* SPDX-License-Identifier: Apache-2.0 */
/* Every cell of the matrix, written down a second time: E exact, W widening, C checked, R rejected. */
#include "tests/unit/harness.h"

#include "worker/contract/lattice.h"

#define TYPE(word) FEAST__TYPES__VALUE_TYPE__ENUM__##word

static const enum fc_column_kind KINDS[] = {
    FC_COLUMN_BOOL,    FC_COLUMN_INT8,          FC_COLUMN_INT16,
    FC_COLUMN_INT32,   FC_COLUMN_INT64,         FC_COLUMN_UINT8,
    FC_COLUMN_UINT16,  FC_COLUMN_UINT32,        FC_COLUMN_UINT64,
    FC_COLUMN_FLOAT16, FC_COLUMN_FLOAT32,       FC_COLUMN_FLOAT64,
    FC_COLUMN_STRING,  FC_COLUMN_BINARY,        FC_COLUMN_DATE,
    FC_COLUMN_TIME,    FC_COLUMN_TIMESTAMP_UTC, FC_COLUMN_TIMESTAMP_NAIVE,
    FC_COLUMN_MAP,     FC_COLUMN_STRUCT,        FC_COLUMN_UNKNOWN,
    FC_COLUMN_NULL,    FC_COLUMN_UNION,
};

/* clang-format off */
static const struct {
    Feast__Types__ValueType__Enum declared;
    const char *levels; /* one letter a kind, in the order above */
} MATRIX[] = {
    /*                b i8 i16 i32 i64 u8 u16 u32 u64 f16 f32 f64 str bin date time utc naive map struct ? null union */
    {TYPE(INT32),  "R" "W" "W" "E" "C" "W" "W" "C" "C" "C" "C" "C" "R" "R" "R" "R" "R" "R" "R" "R" "R" "W" "R"},
    {TYPE(INT64),  "R" "W" "W" "W" "E" "W" "W" "W" "C" "C" "C" "C" "R" "R" "R" "R" "C" "C" "R" "R" "R" "W" "R"},
    {TYPE(FLOAT),  "R" "W" "W" "C" "C" "W" "W" "C" "C" "W" "E" "C" "R" "R" "R" "R" "R" "R" "R" "R" "R" "W" "R"},
    {TYPE(DOUBLE), "R" "W" "W" "W" "C" "W" "W" "W" "C" "W" "W" "E" "R" "R" "R" "R" "R" "R" "R" "R" "R" "W" "R"},
    {TYPE(BOOL),   "E" "C" "C" "C" "C" "C" "C" "C" "C" "R" "R" "R" "R" "R" "R" "R" "R" "R" "R" "R" "R" "W" "R"},
    {TYPE(STRING), "C" "C" "C" "C" "C" "C" "C" "C" "C" "R" "R" "R" "E" "C" "R" "R" "R" "R" "R" "R" "R" "W" "R"},
    {TYPE(BYTES),  "R" "R" "R" "R" "R" "R" "R" "R" "R" "R" "R" "R" "C" "E" "R" "R" "R" "R" "R" "R" "R" "W" "R"},
};
/* clang-format on */

static char letter(enum fc_contract_level level)
{
    static const char letters[] = "?EWCR";

    return (unsigned)level < sizeof(letters) - 1 ? letters[level] : '?';
}

static Feast__Types__ValueType__Enum list_of(Feast__Types__ValueType__Enum scalar)
{
    return (Feast__Types__ValueType__Enum)((int)scalar + 10);
}

static void check(const struct fc_column_type *source, Feast__Types__ValueType__Enum declared,
                  char want)
{
    struct fc_contract_verdict verdict = fc_contract_value(source, declared);

    if (letter(verdict.level) != want)
        print_message("kind %d (element %d) declared %s: found %c, expected %c\n",
                      (int)source->kind, (int)source->element,
                      fc_contract_type_name((int32_t)declared), letter(verdict.level), want);
    assert_int_equal(letter(verdict.level), want);
    assert_non_null(verdict.why);
    assert_int_equal(want == 'E', verdict.why[0] == '\0');
}

/* A kind that is added without a column above would be judged by nobody. */
static void every_kind_is_above(void **state)
{
    bool seen[FC_COLUMN_KINDS] = {false};

    (void)state;
    for (size_t i = 0; i < FC_ARRAY_LEN(KINDS); i++)
        seen[KINDS[i]] = true;
    for (size_t kind = 0; kind < FC_COLUMN_KINDS; kind++)
        if (kind != FC_COLUMN_LIST && kind != FC_COLUMN_DECIMAL)
            assert_true(seen[kind]);
    assert_int_equal(FC_ARRAY_LEN(KINDS), FC_COLUMN_KINDS - 2);
}

static void every_scalar_cell(void **state)
{
    (void)state;
    for (size_t row = 0; row < FC_ARRAY_LEN(MATRIX); row++) {
        assert_int_equal(strlen(MATRIX[row].levels), FC_ARRAY_LEN(KINDS));
        for (size_t i = 0; i < FC_ARRAY_LEN(KINDS); i++) {
            const struct fc_column_type source = {.kind = KINDS[i]};
            check(&source, MATRIX[row].declared, MATRIX[row].levels[i]);
        }
    }
}

static void a_list_is_judged_by_its_elements(void **state)
{
    (void)state;
    for (size_t row = 0; row < FC_ARRAY_LEN(MATRIX); row++) {
        for (size_t i = 0; i < FC_ARRAY_LEN(KINDS); i++) {
            const struct fc_column_type source = {.kind = FC_COLUMN_LIST, .element = KINDS[i]};
            check(&source, list_of(MATRIX[row].declared), MATRIX[row].levels[i]);
        }
        const struct fc_column_type nested = {.kind = FC_COLUMN_LIST, .element = FC_COLUMN_LIST};
        check(&nested, list_of(MATRIX[row].declared), 'R');
    }
}

static void a_scalar_is_no_list_and_a_list_no_scalar(void **state)
{
    (void)state;
    for (size_t row = 0; row < FC_ARRAY_LEN(MATRIX); row++) {
        for (size_t i = 0; i < FC_ARRAY_LEN(KINDS); i++) {
            const struct fc_column_type scalar = {.kind = KINDS[i]};
            const struct fc_column_type list = {.kind = FC_COLUMN_LIST, .element = KINDS[i]};
            check(&scalar, list_of(MATRIX[row].declared), KINDS[i] == FC_COLUMN_NULL ? 'W' : 'R');
            check(&list, MATRIX[row].declared, 'R');
        }
    }
}

static void decimals_depend_on_digits_and_scale(void **state)
{
    static const struct {
        uint8_t precision, scale;
        Feast__Types__ValueType__Enum declared;
        char want;
    } cases[] = {
        {9, 0, TYPE(INT32), 'C'},   {38, 0, TYPE(INT32), 'C'}, {9, 1, TYPE(INT32), 'R'},
        {18, 0, TYPE(INT64), 'W'},  {19, 0, TYPE(INT64), 'C'}, {38, 0, TYPE(INT64), 'C'},
        {10, 2, TYPE(INT64), 'C'},  {10, 2, TYPE(FLOAT), 'C'}, {5, 0, TYPE(FLOAT), 'C'},
        {10, 2, TYPE(DOUBLE), 'C'}, {10, 0, TYPE(BOOL), 'R'},  {10, 2, TYPE(STRING), 'R'},
        {10, 2, TYPE(BYTES), 'R'},
    };

    (void)state;
    for (size_t i = 0; i < FC_ARRAY_LEN(cases); i++) {
        const struct fc_column_type scalar = {
            .kind = FC_COLUMN_DECIMAL, .precision = cases[i].precision, .scale = cases[i].scale};
        struct fc_column_type list = scalar;
        list.kind = FC_COLUMN_LIST;
        list.element = FC_COLUMN_DECIMAL;
        check(&scalar, cases[i].declared, cases[i].want);
        check(&list, list_of(cases[i].declared), cases[i].want);
    }
}

static void no_declared_type_takes_nothing(void **state)
{
    static const int numbers[] = {-1, 0, 8, 9, 10, 18, 19, 100};
    const struct fc_column_type source = {.kind = FC_COLUMN_INT64};
    const struct fc_column_type list = {.kind = FC_COLUMN_LIST, .element = FC_COLUMN_INT64};

    (void)state;
    for (size_t i = 0; i < FC_ARRAY_LEN(numbers); i++) {
        check(&source, (Feast__Types__ValueType__Enum)numbers[i], 'R');
        check(&list, (Feast__Types__ValueType__Enum)numbers[i], 'R');
    }
}

static void timestamps(void **state)
{
    static const struct {
        struct fc_column_type type;
        char event, partition;
    } cases[] = {
        {{.kind = FC_COLUMN_TIMESTAMP_UTC}, 'E', 'W'},
        {{.kind = FC_COLUMN_TIMESTAMP_NAIVE}, 'C', 'C'},
        {{.kind = FC_COLUMN_TIMESTAMP_NAIVE, .int96 = true}, 'W', 'W'},
        {{.kind = FC_COLUMN_DATE}, 'W', 'E'},
        {{.kind = FC_COLUMN_NULL}, 'W', 'W'},
        {{.kind = FC_COLUMN_STRING}, 'R', 'C'},
        {{.kind = FC_COLUMN_INT64}, 'R', 'R'},
        {{.kind = FC_COLUMN_INT32}, 'R', 'R'},
        {{.kind = FC_COLUMN_UINT64}, 'R', 'R'},
        {{.kind = FC_COLUMN_FLOAT64}, 'R', 'R'},
        {{.kind = FC_COLUMN_DECIMAL}, 'R', 'R'},
        {{.kind = FC_COLUMN_TIME}, 'R', 'R'},
        {{.kind = FC_COLUMN_BOOL}, 'R', 'R'},
        {{.kind = FC_COLUMN_BINARY}, 'R', 'R'},
        {{.kind = FC_COLUMN_LIST, .element = FC_COLUMN_TIMESTAMP_UTC}, 'R', 'R'},
        {{.kind = FC_COLUMN_STRUCT}, 'R', 'R'},
        {{.kind = FC_COLUMN_UNION}, 'R', 'R'},
        {{.kind = FC_COLUMN_UNKNOWN}, 'R', 'R'},
    };

    (void)state;
    for (size_t i = 0; i < FC_ARRAY_LEN(cases); i++) {
        assert_int_equal(letter(fc_contract_timestamp(&cases[i].type).level), cases[i].event);
        assert_int_equal(letter(fc_contract_date_partition(&cases[i].type).level),
                         cases[i].partition);
    }
}

static void type_names(void **state)
{
    (void)state;
    assert_string_equal(fc_contract_type_name(3), "INT32");
    assert_string_equal(fc_contract_type_name(17), "BOOL_LIST");
    assert_string_equal(fc_contract_type_name(0), "INVALID");
    assert_string_equal(fc_contract_type_name(8), "INVALID");
    assert_string_equal(fc_contract_type_name(-1), "INVALID");
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(every_kind_is_above),
    cmocka_unit_test(every_scalar_cell),
    cmocka_unit_test(a_list_is_judged_by_its_elements),
    cmocka_unit_test(a_scalar_is_no_list_and_a_list_no_scalar),
    cmocka_unit_test(decimals_depend_on_digits_and_scale),
    cmocka_unit_test(no_declared_type_takes_nothing),
    cmocka_unit_test(timestamps),
    cmocka_unit_test(type_names),
};

FC_TEST_MAIN(cases)
