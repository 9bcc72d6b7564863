/* SPDX-License-Identifier: Apache-2.0 */
/* Run when the build is configured: is the library the one that the header describes, and can it read
 * Parquet and time zones without loading anything at run time? One line on stdout; 0 means yes. */
#include <stdio.h>
#include <string.h>

#include <duckdb.h>

static const char *const settings[][2] = {
    {"autoinstall_known_extensions", "false"},
    {"autoload_known_extensions", "false"},
};

static const char builtin_query[] =
    "SELECT count(*) FROM duckdb_extensions() WHERE loaded AND extension_name IN "
    "('core_functions', 'icu', 'json', 'parquet')";

enum { BUILTIN_EXPECTED = 4 };

static int count_builtin(duckdb_connection connection, int64_t *ret_count)
{
    duckdb_result result;
    int rc = -1;

    if (duckdb_query(connection, builtin_query, &result) == DuckDBSuccess) {
        duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
        if (chunk) {
            const int64_t *data = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0));
            *ret_count = data[0];
            duckdb_destroy_data_chunk(&chunk);
            rc = 0;
        }
    }
    duckdb_destroy_result(&result);
    return rc;
}

static int probe_connection(void)
{
    duckdb_config config = NULL;
    duckdb_database database = NULL;
    duckdb_connection connection = NULL;
    char *error = NULL;
    int64_t count = 0;
    int rc = 1;

    if (duckdb_create_config(&config) != DuckDBSuccess)
        return 1;
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        duckdb_set_config(config, settings[i][0], settings[i][1]);

    if (duckdb_open_ext(NULL, &database, config, &error) != DuckDBSuccess)
        printf("cannot open a database: %s\n", error ? error : "no reason given");
    else if (duckdb_connect(database, &connection) != DuckDBSuccess)
        printf("cannot connect to a database in memory\n");
    else if (count_builtin(connection, &count) != 0)
        printf("cannot list the extensions\n");
    else if (count != BUILTIN_EXPECTED)
        printf("%lld of core_functions, icu, json, parquet are built in; all are needed\n",
               (long long)count);
    else
        rc = 0;

    duckdb_free(error);
    duckdb_disconnect(&connection);
    duckdb_close(&database);
    duckdb_destroy_config(&config);
    return rc;
}

int main(void)
{
    const char *library = duckdb_library_version();
    char header[32];

    snprintf(header, sizeof(header), "v%d.%d.", DUCKDB_API_VERSION_MAJOR, DUCKDB_API_VERSION_MINOR);
    if (strncmp(library, header, strlen(header)) != 0) {
        printf("duckdb.h is %sx, the library is %s\n", header, library);
        return 1;
    }
    /* A later line may change the C API without a change that the header check would see. */
    if (strncmp(library, "v1.5.", strlen("v1.5.")) != 0) {
        printf("the library is %s, this code is written for 1.5\n", library);
        return 1;
    }
    if (probe_connection() != 0)
        return 1;
    printf("%s with core_functions, icu, json and parquet", library);
    return 0;
}
