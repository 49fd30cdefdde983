namespace ConntrackOperator.Cli.Completion;

/// <summary>What shells, and kubectl, are given: they ask the program itself, so nothing of the commands is in here.</summary>
internal static class CompletionScripts
{
    /// <summary>The hidden command that answers them.</summary>
    public const string Ask = "__complete";

    /// <summary>For whom there is a script.</summary>
    public static IReadOnlyList<string> Shells { get; } = ["bash", "zsh", "fish", "kubectl"];

    /// <exception cref="CliException">There is none for it.</exception>
    public static string For(string shell) => shell switch
    {
        "bash" => Bash,
        "zsh" => Zsh,
        "fish" => Fish,
        "kubectl" => Kubectl,
        _ =>
            throw new CliException(
                ExitCode.BadInput, $"completion: Invalid value: \"{shell}\": must be one of {string.Join(", ", Shells)}"),
    };

    // '=' breaks words in bash: --output=js is three of them.
    private const string Bash = """
        _kubectl_conntrack() {
          local i word line answer directive current
          local -a words=()
          for ((i = 1; i <= COMP_CWORD; i++)); do
            word=${COMP_WORDS[i]}
            if [[ $word == = && ${#words[@]} -gt 0 ]]; then
              words[${#words[@]}-1]+==
              if ((i < COMP_CWORD)); then i=$((i + 1)); words[${#words[@]}-1]+=${COMP_WORDS[i]}; fi
            else
              words+=("$word")
            fi
          done
          current=${words[${#words[@]}-1]}
          COMPREPLY=()
          answer=$("${COMP_WORDS[0]}" __complete "${words[@]}" 2>/dev/null) || return 0
          directive=${answer##*:}
          while IFS= read -r line; do
            line=${line%%$'\t'*}
            if [[ $line == :* || -z $line ]]; then continue; fi
            if [[ $current == -*=* ]]; then line=${line#*=}; fi
            COMPREPLY+=("$line")
          done <<<"$answer"
          if [[ $directive == 0 ]]; then
            compopt -o filenames 2>/dev/null
            while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "${current#-*=}")
          fi
        }
        complete -F _kubectl_conntrack kubectl-conntrack

        """;

    private const string Zsh = """
        #compdef kubectl-conntrack
        _kubectl_conntrack() {
          local line value
          local -a lines suggestions
          lines=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
          if [[ ${lines[-1]} == :0 ]]; then _files; return; fi
          for line in "${(@)lines[1,-2]}"; do
            value=${line%%$'\t'*}
            if [[ $line == *$'\t'* ]]; then suggestions+=("${value//:/\\:}:${line#*$'\t'}"); else suggestions+=("${value//:/\\:}"); fi
          done
          _describe -V conntrack suggestions
        }
        if [ "$funcstack[1]" = _kubectl_conntrack ]; then _kubectl_conntrack; else compdef _kubectl_conntrack kubectl-conntrack; fi

        """;

    private const string Fish = """
        function __kubectl_conntrack_complete
          set -l words (commandline -opc) (commandline -ct)
          set -l lines ($words[1] __complete $words[2..-1] 2>/dev/null)
          if test (count $lines) -gt 0; and test $lines[-1] = :0
            __fish_complete_path (commandline -ct)
          else
            string match -rv '^:' -- $lines
          end
        end
        complete -c kubectl-conntrack -f -a '(__kubectl_conntrack_complete)'

        """;

    private const string Kubectl = """
        #!/bin/sh
        # kubectl runs this to complete `kubectl conntrack`: executable, named kubectl_complete-conntrack, on the PATH.
        exec kubectl-conntrack __complete "$@"

        """;
}
