/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl completion: scripts that ask `feastctl __complete` and nothing more, so that they never get stale. */
#include <string.h>

#include "client/cli.h"

static const char bash[] =
    "# Completion of feastctl in bash.\n"
    "_feastctl() {\n"
    "    local word rest\n"
    "    COMPREPLY=()\n"
    "    while IFS=$'\\t' read -r word rest; do\n"
    "        if [[ $word == :files ]]; then\n"
    "            compopt -o filenames\n"
    "            while IFS= read -r word; do\n"
    "                COMPREPLY+=(\"$word\")\n"
    "            done < <(compgen -f -- \"${COMP_WORDS[COMP_CWORD]#=}\")\n"
    "        else\n"
    "            COMPREPLY+=(\"$word\")\n"
    "        fi\n"
    "    done < <(feastctl __complete \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
    "}\n"
    "complete -F _feastctl feastctl\n";

static const char zsh[] =
    "#compdef feastctl\n"
    "# Completion of feastctl in zsh.\n"
    "_feastctl() {\n"
    "    local -a found\n"
    "    local line word\n"
    "    while IFS= read -r line; do\n"
    "        if [[ $line == :files ]]; then\n"
    "            _files\n"
    "        else\n"
    "            word=${line%%$'\\t'*}\n"
    "            found+=(\"${word//:/\\\\:}:${line#*$'\\t'}\")\n"
    "        fi\n"
    "    done < <(feastctl __complete \"${(@)words[2,CURRENT]}\" 2>/dev/null)\n"
    "    if (( ${#found} )); then _describe 'feastctl' found; fi\n"
    "}\n"
    "compdef _feastctl feastctl\n";

static const char fish[] = "# Completion of feastctl in fish.\n"
                           "function __feastctl_complete\n"
                           "    set -l words (commandline -opc) (commandline -ct)\n"
                           "    for line in (feastctl __complete $words[2..-1] 2>/dev/null)\n"
                           "        if test \"$line\" = :files\n"
                           "            __fish_complete_path (commandline -ct)\n"
                           "        else\n"
                           "            echo $line\n"
                           "        end\n"
                           "    end\n"
                           "end\n"
                           "complete -c feastctl -f -a '(__feastctl_complete)'\n";

enum fc_exit fc_cmd_completion(struct fc_cli *cli)
{
    static const struct {
        const char *name, *script;
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

    for (size_t i = 0; i < FC_ARRAY_LEN(shells); i++) {
        if (strcmp(shells[i].name, cli->args[0]) == 0) {
            fputs(shells[i].script, cli->out);
            return FC_EXIT_OK;
        }
    }
    return fc_cli_usage(cli, "there is no completion for \"%.60s\"; it is bash, zsh or fish",
                        cli->args[0]);
}
