using System.CommandLine;
using System.CommandLine.Completions;

namespace ConntrackOperator.Cli.Completion;

/// <summary>What can stand where the cursor is: from the commands as they are declared, and from nothing else.</summary>
internal static class Completer
{
    /// <summary>What fits.</summary>
    /// <param name="root">All commands.</param>
    /// <param name="words">What was typed behind the program's name; the last is the word that is completed, empty where none was
    /// begun.</param>
    /// <param name="typed">Called for each option that was typed with a value.</param>
    public static CompletionAnswer Complete(RootCommand root, IReadOnlyList<string> words, Action<Option, string> typed)
    {
        Command command = root;
        Option? waiting = null;
        var arguments = 0;
        foreach (var word in words.SkipLast(1))
        {
            if (waiting is not null)
            {
                typed(waiting, word);
                waiting = null;
            }
            else if (word.StartsWith('-'))
            {
                var equals = word.IndexOf('=', StringComparison.Ordinal);
                var option = Find(root, command, equals < 0 ? word : word[..equals]);
                if (option is not null && equals >= 0)
                {
                    typed(option, word[(equals + 1)..]);
                }

                waiting = equals < 0 && option is { Arity.MinimumNumberOfValues: > 0 } ? option : null;
            }
            else if (command.Subcommands.FirstOrDefault(c => c.Name == word) is { } next)
            {
                command = next;
            }
            else
            {
                arguments++;
            }
        }

        var current = words.Count == 0 ? string.Empty : words[^1];
        if (waiting is not null)
        {
            return Values(waiting, current, string.Empty);
        }

        var assigned = current.StartsWith('-') ? current.IndexOf('=', StringComparison.Ordinal) : -1;
        if (assigned > 0)
        {
            return Find(root, command, current[..assigned]) is { } option
                ? Values(option, current[(assigned + 1)..], current[..(assigned + 1)]) : new([], false);
        }

        if (current.StartsWith('-'))
        {
            return new(
                [.. Options(root, command).Where(o => !o.Hidden).SelectMany(o => Names(o).Select(n => new Suggestion(n, o.Description)))
                    .Where(s => Fits(s.Text, current))], false);
        }

        // Behind a word that is no command none of its kind follows.
        var commands = command.Subcommands.Where(c => !c.Hidden && arguments == 0);
        var suggestions = commands.Select(c => new Suggestion(c.Name, c.Description));
        if (arguments < command.Arguments.Count)
        {
            suggestions = suggestions.Concat(Of(command.Arguments[arguments]));
        }

        return new([.. suggestions.Where(s => Fits(s.Text, current))], false);
    }

    // The short names are for those who know them: listed, they would be in the way.
    private static IEnumerable<string> Names(Option option) =>
        option.Aliases.Append(option.Name).Where(n => n.StartsWith("--", StringComparison.Ordinal));

    private static IEnumerable<Option> Options(RootCommand root, Command command) =>
        command == root ? root.Options : command.Options.Concat(root.Options.Where(o => o.Recursive));

    private static Option? Find(RootCommand root, Command command, string name) =>
        Options(root, command).FirstOrDefault(o => o.Name == name || o.Aliases.Contains(name));

    private static CompletionAnswer Values(Option option, string current, string before) => new(
        [.. Of(option).Where(s => Fits(s.Text, current)).Select(s => s with { Text = before + s.Text })],
        option.HelpName is "FILE" or "DIR");

    private static IEnumerable<Suggestion> Of(Symbol symbol) =>
        symbol.GetCompletions(CompletionContext.Empty).Select(c => new Suggestion(c.InsertText ?? c.Label, c.Detail));

    private static bool Fits(string text, string begun) => text.StartsWith(begun, StringComparison.Ordinal);
}
