/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/duck/duck.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "worker/duck/internal.h"

/* Settings of extensions, which an engine has only once it runs. */
#define SETTINGS                                                                                   \
    "SET TimeZone='UTC'; SET parquet_metadata_cache=true; SET enable_geoparquet_conversion=false"

/* What asks for the statistics of all row groups, to find what one table in one place has no use for. */
#define BRIEF "SET disabled_optimizers='statistics_propagation,join_order'"

/* Takes and frees 32 MiB, about what two threads need for a dozen columns of which a page each is decoded. */
#define WARM_UP "SELECT length(repeat(repeat('x', 4096), 8192))"

#define DEFAULT_MEMORY (UINT64_C(512) << 20)

static bool set_all(duckdb_config config, const char *const pairs[][2], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (duckdb_set_config(config, pairs[i][0], pairs[i][1]) != DuckDBSuccess)
            return false;
    return true;
}

static bool configure(duckdb_config config, const struct fc_duck_options *options)
{
    char memory[32];
    char threads[16];

    snprintf(memory, sizeof(memory), "%" PRIu64 "MiB",
             (options->memory_limit ? options->memory_limit : DEFAULT_MEMORY) >> 20);
    snprintf(threads, sizeof(threads), "%u", options->threads ? options->threads : 1);
    const char *const pairs[][2] = {
        /* Otherwise a path like s3://... would fetch code from the network. */
        {"autoinstall_known_extensions", "false"},
        {"autoload_known_extensions", "false"},
        {"allow_community_extensions", "false"},
        {"allow_persistent_secrets", "false"},
        /* Files are read once, from front to back: no reason to keep their bytes. */
        {"enable_external_file_cache", "false"},
        /* The order of rows decides between rows of equal time. */
        {"preserve_insertion_order", "true"},
        {"memory_limit", memory},
        {"threads", threads},
        {"temp_directory", options->temp_dir ? options->temp_dir : ""},
    };
    return set_all(config, pairs, FC_ARRAY_LEN(pairs));
}

static fc_rc run(duckdb_connection connection, const char *sql, struct fc_error *err)
{
    duckdb_result result;
    fc_rc rc = FC_OK;

    if (duckdb_query(connection, sql, &result) != DuckDBSuccess)
        rc = fc_duck_error(duckdb_result_error_type(&result), duckdb_result_error(&result), err);
    duckdb_destroy_result(&result);
    return rc;
}

static fc_rc open_connection(struct fc_duck *duck, const struct fc_duck_options *options,
                             duckdb_connection *ret, struct fc_error *err)
{
    if (duckdb_connect(duck->database, ret) != DuckDBSuccess)
        return fc_fail(err, FC_REASON_INTERNAL, "the reading engine takes no connection");
    fc_rc rc = run(*ret, SETTINGS, err);
    return rc == FC_OK && options->brief ? run(*ret, BRIEF, err) : rc;
}

static fc_rc open_engine(struct fc_duck *duck, const struct fc_duck_options *options,
                         struct fc_error *err)
{
    duckdb_config config = NULL;
    char *message = NULL;

    if (duckdb_create_config(&config) != DuckDBSuccess || !configure(config, options)) {
        duckdb_destroy_config(&config);
        return fc_fail(err, FC_REASON_INTERNAL, "the reading engine refuses its settings");
    }
    duckdb_state state = duckdb_open_ext(NULL, &duck->database, config, &message);
    duckdb_destroy_config(&config);
    if (state != DuckDBSuccess) {
        fc_rc rc = fc_fail(err, FC_REASON_INTERNAL, "the reading engine does not start: %.400s",
                           message ? message : "no reason given");
        duckdb_free(message);
        return rc;
    }
    fc_rc rc = open_connection(duck, options, &duck->connection, err);
    return rc == FC_OK && options->brief ? open_connection(duck, options, &duck->second, err) : rc;
}

fc_rc fc_duck_open(const struct fc_duck_options *options, struct fc_duck **ret,
                   struct fc_error *err)
{
    FC_CLEANUP(fc_duck_closep) struct fc_duck *duck = calloc(1, sizeof *duck);

    if (!duck)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the reading engine");
    duck->turns = options->turns;
    fc_turns_take(duck->turns);
    fc_rc rc = open_engine(duck, options, err);
    fc_turns_give(duck->turns);
    if (rc == FC_OK)
        *ret = fc_steal(duck);
    return rc;
}

void fc_duck_close(struct fc_duck *duck)
{
    if (!duck)
        return;
    struct fc_turns *turns = duck->turns;
    fc_turns_take(turns);
    duckdb_disconnect(&duck->second);
    duckdb_disconnect(&duck->connection);
    duckdb_close(&duck->database);
    fc_turns_give(turns);
    free(duck);
}

void fc_duck_warm(struct fc_duck *duck)
{
    struct fc_error ignored = FC_ERROR_INIT;

    fc_turns_take(duck->turns);
    (void)run(duck->connection, WARM_UP, &ignored);
    fc_turns_give(duck->turns);
}

void fc_duck_turn_take(struct fc_duck *duck)
{
    fc_turns_take(duck ? duck->turns : NULL);
}

void fc_duck_turn_give(struct fc_duck *duck)
{
    fc_turns_give(duck ? duck->turns : NULL);
}

/* What is checked is the pattern as written, so each path is permitted in both spellings. */
static void put_permission(struct fc_buf *sql, const char *setting, const char *path,
                           const char *pattern)
{
    fc_buf_printf(sql, "SET %s=[", setting);
    fc_duck_quote(sql, path);
    fc_buf_puts(sql, ", ");
    fc_duck_quote(sql, pattern);
    fc_buf_puts(sql, "]; ");
}

fc_rc fc_duck_confine(struct fc_duck *duck, const char *path, struct fc_error *err)
{
    struct fc_buf pattern = FC_BUF_INIT;
    struct fc_buf sql = FC_BUF_INIT;

    fc_duck_put_pattern(&pattern, path);
    put_permission(&sql, "allowed_directories", path, fc_buf_text(&pattern));
    put_permission(&sql, "allowed_paths", path, fc_buf_text(&pattern));
    fc_buf_puts(&sql, "SET enable_external_access=false; SET lock_configuration=true");
    fc_rc rc = sql.failed || pattern.failed
                   ? fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a query")
                   : run(duck->connection, fc_buf_text(&sql), err);
    fc_buf_done(&pattern);
    fc_buf_done(&sql);
    return rc;
}

/* On a machine that is busy a second thread is waited for longer than it saves. */
bool fc_duck_second_take(struct fc_duck *duck)
{
    return duck->second &&
           (!duck->turns || (fc_turns_idle_processor() && fc_turns_take_second(duck->turns)));
}

void fc_duck_second_give(struct fc_duck *duck)
{
    if (duck->turns)
        fc_turns_give_second(duck->turns);
}
