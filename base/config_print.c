/* SPDX-License-Identifier: Apache-2.0 */
/* The table as text: --print-config, --help, the reference page. */
#include <stdio.h>
#include <string.h>

#include "base/config_internal.h"

static void print_quoted(FILE *out, const char *text)
{
    fputc('"', out);
    for (const char *c = text; *c; c++)
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if ((unsigned char)*c < 0x20)
            fprintf(out, "\\x%02x", (unsigned)*c);
        else
            fputc(*c, out);
    fputc('"', out);
}

static void print_list(FILE *out, const struct fc_config_entry *entry)
{
    fputc('[', out);
    for (size_t i = 0; i < entry->list_len; i++) {
        fputs(i ? ", " : "", out);
        print_quoted(out, entry->list[i]);
    }
    fputc(']', out);
}

static bool is_set(const struct fc_config_entry *entry)
{
    return entry->list_len > 0 || (entry->text && entry->text[0]);
}

/* The output is a configuration file again, except that secrets are left out. */
void fc_config_print(const struct fc_config *config, FILE *out)
{
    for (size_t i = 0; i < config->count; i++) {
        const struct fc_config_entry *entry = &config->entries[i];
        const char *where = entry->where ? entry->where : "default";

        if (entry->key->secret) {
            fprintf(out, "# %s: %s  # %s\n", entry->key->name, is_set(entry) ? "***" : "(unset)",
                    where);
            continue;
        }
        fprintf(out, "%s: ", entry->key->name);
        if (entry->key->type == FC_CONFIG_LIST)
            print_list(out, entry);
        else if (entry->key->type == FC_CONFIG_STRING)
            print_quoted(out, entry->text);
        else
            fputs(entry->text, out);
        fprintf(out, "  # %s\n", where);
    }
}

static const char *value_word(const struct fc_config_key *key)
{
    switch (key->type) {
    case FC_CONFIG_INT:
    case FC_CONFIG_DOUBLE:
        return "NUMBER";
    case FC_CONFIG_DURATION:
        return "DURATION";
    case FC_CONFIG_BYTES:
        return "SIZE";
    case FC_CONFIG_ENUM:
        return key->choices;
    case FC_CONFIG_BOOL:
        return "true|false";
    case FC_CONFIG_STRING:
    case FC_CONFIG_LIST:
        break;
    }
    return "TEXT";
}

void fc_config_print_help(const struct fc_config_key *table, FILE *out)
{
    for (const struct fc_config_key *key = table; key->name; key++) {
        char flag[256];

        if (key->secret)
            continue;
        fc_config_form_flag(NULL, key->name, flag, sizeof(flag));
        fprintf(out, "  %s %s%s\n      %s", flag, value_word(key),
                key->type == FC_CONFIG_LIST ? " (may be repeated)" : "", key->help);
        if (key->value[0])
            fprintf(out, " (default %s)", key->value);
        fputc('\n', out);
    }
}

static void print_cell(FILE *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c == '|')
            fputc('\\', out);
        fputc(*c, out);
    }
}

void fc_config_print_markdown(const struct fc_config_key *table, const char *env_prefix, FILE *out)
{
    fputs("| Key | Flag | Environment | Value | Default | Meaning |\n|---|---|---|---|---|---|\n",
          out);
    for (const struct fc_config_key *key = table; key->name; key++) {
        char flag[256], env[256], type[160];

        fc_config_form_flag(NULL, key->name, flag, sizeof(flag));
        fc_config_env_name(env_prefix, key->name, env, sizeof(env));
        fc_config_type_text(key, type, sizeof(type));
        fprintf(out, "| `%s` | ", key->name);
        if (key->secret)
            fputs("not as a flag: a secret", out);
        else
            fprintf(out, "`%s`", flag);
        fprintf(out, " | `%s` | ", env);
        print_cell(out, type);
        if (key->value[0])
            fprintf(out, " | `%s` | ", key->value);
        else
            fputs(" | unset | ", out);
        print_cell(out, key->help);
        fputs(" |\n", out);
    }
}
