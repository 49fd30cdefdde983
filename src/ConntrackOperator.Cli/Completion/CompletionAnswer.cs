using System.Text;

namespace ConntrackOperator.Cli.Completion;

/// <summary>What can stand there.</summary>
/// <param name="Suggestions">The words.</param>
/// <param name="Files">Whether it is a file or a directory, which shells complete themselves.</param>
internal sealed record CompletionAnswer(IReadOnlyList<Suggestion> Suggestions, bool Files)
{
    // spf13/cobra, completions.go, ShellCompDirective: 0 lets the shell complete files, 4 does not. kubectl reads the same of plugins.
    private const string Default = ":0";
    private const string NoFiles = ":4";

    /// <summary>
    /// As cobra's programs answer their shells, and plugins kubectl: a line each with its description behind a tab, then the directive.
    /// </summary>
    public string ToText()
    {
        var text = new StringBuilder();
        foreach (var suggestion in Suggestions.DistinctBy(s => s.Text))
        {
            text.Append(suggestion.Text);
            if (suggestion.Description is { } description)
            {
                var end = description.IndexOfAny(['.', ':']);
                text.Append('\t').Append(end < 0 ? description : description[..end]);
            }

            text.Append('\n');
        }

        return text.Append(Files ? Default : NoFiles).Append('\n').ToString();
    }
}
